/** Targets that are full of noise, and what must not have changed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
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

/** SHA-256 of each run of bytes that is none of `spans`. */
export async function outside(
  path: string,
  spans: readonly (readonly [number, number])[],
): Promise<string[]> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  const digests: string[] = [];
  let at = 0;
  for (const [start, end] of [...spans, [size, size]].sort((a, b) => a[0] - b[0]) as [number, number][]) {
    const bytes = Buffer.alloc(start - at);
    await file.read(bytes, 0, bytes.length, at);
    digests.push(createHash('sha256').update(bytes).digest('hex'));
    at = end;
  }
  await file.close();
  return digests;
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
