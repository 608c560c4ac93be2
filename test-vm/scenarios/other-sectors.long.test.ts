/**
 * Disks that are not what the installer had: sectors of 4096 bytes, where file systems permit, and a card. Only UEFI
 * starts from a disk with sectors of 4096 bytes, and of QEMU's firmwares only the BIOS starts from a card.
 */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import type { Disk } from '../src/disks.ts';
import { reasonsOf, runJob } from '../src/drive-job.ts';
import { noisyFile, sha256 } from '../src/files.ts';
import { installedDisk } from '../src/guest-os/install.ts';
import { imagesDisk, jobFile, restoresAndStarts } from '../src/guest-os/restored.ts';
import { scenario } from '../src/scenario.ts';

restoresAndStarts({
  layout: 'uefi-4k',
  bus: 'virtio',
  target: { bus: 'nvme', sizeMiB: 640, sectorSizeBytes: 4096, options: 'grow: last' },
});
restoresAndStarts({ layout: 'bios-gpt', bus: 'scsi', target: { bus: 'sd', sizeMiB: 1024 } });

scenario(
  'a system whose file systems are for smaller sectors is refused by a disk with larger ones, and nothing is written',
  { seconds: 240 },
  async (bench) => {
    const source: Disk = { name: 'source', path: bench.path('source.img'), bus: 'virtio' };
    await copyFile(await installedDisk('uefi-gpt'), source.path, constants.COPYFILE_FICLONE);
    const path = await noisyFile(bench.path('target.img'), 640 << 20, 7);
    const target: Disk = { name: 'target', path, bus: 'nvme', sectorSizeBytes: 4096 };
    const bytes = await sha256(target.path);
    const machine = await bench.startReady();
    for (const disk of [await imagesDisk(bench), source, target]) await machine.plug(disk);
    const saved = await runJob(machine, jobFile('save', 'image: { source: { serial: SOURCE }, name: it }'));
    assert.equal(saved.outcome, 'done');
    for (const step of [
      'restore: { image: it, target: { serial: TARGET } }',
      'clone: { source: { serial: SOURCE }, target: { serial: TARGET } }',
    ]) {
      const since = machine.job.events.length;
      const { outcome, exitCode } = await runJob(machine, jobFile(step.split(':')[0]!, step));
      assert.deepEqual(
        [outcome, exitCode, reasonsOf(machine.job, since)],
        ['failed', 1, ['device/sector-size']],
      );
    }
    await machine.agent.run('sync');
    await machine.powerCut();
    assert.equal(await sha256(target.path), bytes, 'the target');
  },
);
