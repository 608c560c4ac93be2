/** Targets that are full of noise, and what must not have changed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { run } from '../support/command.ts';
import { fillWithNoise, sparseFile } from '../support/scratch.ts';
import { permafrost } from './support.ts';

/** A file of `bytes` bytes of noise. */
export async function noisyFile(folder: string, name: string, bytes: number): Promise<string> {
  const path = await sparseFile(join(folder, name), bytes);
  await fillWithNoise(path, bytes, 77);
  return path;
}

/** SHA-256 of all of it. */
export async function digest(path: string): Promise<string> {
  return (await run('sha256sum', [path])).stdout.split(' ')[0]!;
}

/** Each of `commands` is refused for `reason`, and no byte of `target` changes. */
export async function assertRefused(
  target: string,
  commands: readonly (readonly string[])[],
  reason: RegExp,
  code = 1,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const before = await digest(target);
  for (const command of commands) {
    const { stderr } = await permafrost([...command, '--yes'], code, { env });
    assert.match(stderr.replaceAll(/\s+/g, ' '), reason);
    assert.equal(await digest(target), before);
  }
}
