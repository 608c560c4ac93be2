/** Loop devices with partitions, also where the kernel does not look for them by itself. */
import { stat } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { attachLoop } from '../support/scratch.ts';

/** Attaches the disk-image file at `path` and makes its partitions `numbers` appear. */
export async function attachPartitioned(
  t: TestContext,
  path: string,
  numbers: readonly number[],
): Promise<string> {
  const { device } = await attachLoop(t, path, ['--partscan']);
  await showPartitions(t, device, numbers);
  return device;
}

/** Makes the partitions `numbers` of `device` appear, until the test ends. */
export async function showPartitions(
  t: TestContext,
  device: string,
  numbers: readonly number[],
): Promise<void> {
  const missing = await Promise.all(
    numbers.map((number) =>
      stat(`${device}p${number}`).then(
        () => false,
        () => true,
      ),
    ),
  );
  if (!missing.includes(true)) return;
  await run('partx', ['--update', device], { accept: [0, 1] });
  t.after(() => run('partx', ['--delete', device], { accept: [0, 1] }));
}
