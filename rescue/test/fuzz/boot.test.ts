/**
 * Installed disks whose bytes lie: the check of booting gives an answer or our own error, soon. What is changed is
 * chosen among the bytes that a check reads. Needs root.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { BlockReader } from '../../src/engine/base/block-reader.ts';
import { isPermafrostError } from '../../src/engine/base/errors.ts';
import { checkBoot } from '../../src/engine/boot/check-boot.ts';
import type { FirmwareVariable } from '../../src/engine/device/firmware.ts';
import { bootEntry } from '../boot/support-variables.ts';
import { installLinux } from '../boot/support-installed.ts';
import { installWindowsGpt } from '../boot/support-windows.ts';
import { run } from '../support/command.ts';
import { limitMs, processorMs } from '../support/patience.ts';
import { fileReader, scratchFolder } from '../support/scratch.ts';
import { fuzzFactor, randomFrom } from './support-region.ts';

const ITERATIONS = 30;
const timeLimitMs = limitMs(10);

/** `parent` with some bytes changed. */
function changed(parent: BlockReader, patches: ReadonlyMap<number, number>): BlockReader {
  return {
    ...parent,
    async read(offset, length) {
      const bytes = await parent.read(offset, length);
      for (const [at, value] of patches) if (at >= offset && at < offset + length) bytes[at - offset] = value;
      return bytes;
    },
  };
}

async function fuzz(t: TestContext, path: string, seed: number): Promise<void> {
  const reader = await fileReader(t, path);
  const reads: [offset: number, length: number][] = [];
  const recording: BlockReader = {
    ...reader,
    read(offset, length) {
      reads.push([offset, length]);
      return reader.read(offset, length);
    },
  };
  const value = bootEntry({
    label: 'x',
    partition: 'aaaaaaaa-0000-4000-8000-000000000001',
    path: '\\EFI\\x.efi',
  });
  const variable: FirmwareVariable = { number: 1, value };
  const firmware = { kind: 'uefi', entries: [variable], order: [1] } as const;
  const whole = await checkBoot(recording, { firmware, isFile: true });
  assert.equal(whole.systems.length, 1);
  const pages = [...new Map(reads.map((read) => [read[0], read])).values()];
  const random = randomFrom(seed);
  const outcomes = { yes: 0, no: 0, unknown: 0, none: 0, refused: 0 };
  for (let i = 0; i < ITERATIONS * fuzzFactor; i++) {
    const patches = new Map<number, number>();
    for (let n = random(150); n >= 0; n--) {
      const [offset, length] = pages[random(pages.length)]!;
      // What is at the beginning of what is read is a structure more often than what comes later.
      const at = offset + random(Math.min(length, random(2) === 0 ? 512 : length));
      patches.set(at, random(2) === 0 ? random(256) : 0xff);
    }
    const mutated = Uint8Array.from(value);
    for (let n = random(3); n > 0; n--) mutated[random(mutated.length)] = random(256);
    const entries = [{ number: 1, value: mutated }];
    const startMs = processorMs();
    try {
      const found = await checkBoot(changed(reader, patches), {
        firmware: { kind: 'uefi', entries, order: [1] },
        isFile: true,
      });
      outcomes[found.systems[0]?.starts ?? 'none']++;
    } catch (error) {
      if (!isPermafrostError(error)) throw error;
      outcomes.refused++;
    }
    const tookMs = processorMs() - startMs;
    assert.ok(tookMs < timeLimitMs, `round ${i} took ${tookMs} ms`);
  }
  t.diagnostic(JSON.stringify(outcomes));
  assert.ok(outcomes.yes + outcomes.unknown > 0, 'no mutation left anything whole');
  assert.ok(outcomes.no + outcomes.none + outcomes.unknown > 0, 'no mutation broke anything');
}

for (const fileSystem of ['ext4', 'xfs', 'btrfs'] as const)
  test(`mutated disk with Linux on ${fileSystem}`, async (t) => {
    const folder = await scratchFolder(t, 'fuzz');
    const { path } = await installLinux(t, folder, { table: 'gpt', fileSystem });
    await fuzz(t, path, fileSystem.length * 7);
  });

test('mutated disk with Windows', async (t) => {
  const folder = await scratchFolder(t, 'fuzz');
  const loader = join(folder, 'loader.efi');
  await run('grub-mkimage', ['-O', 'x86_64-efi', '-p', '/', '-o', loader, 'normal']);
  await fuzz(t, await installWindowsGpt(t, folder, loader), 5);
});
