/** One disk with a system becomes three at once, on other buses and of other sizes; each starts that system. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { copyFile, stat } from 'node:fs/promises';
import type { Disk } from '../src/disks.ts';
import { noisyFile, sha256 } from '../src/files.ts';
import { describeDisk } from '../src/guest-os/describe.ts';
import { installedDisk } from '../src/guest-os/install.ts';
import { imagesDisk, jobFile, restoresAndStarts, runJobWith, startsFrom } from '../src/guest-os/restored.ts';
import { scenario } from '../src/scenario.ts';

const MiB = 1 << 20;

scenario(
  'one disk is cloned to three at once, and each starts to its login',
  { seconds: 900 },
  async (bench) => {
    const original = await installedDisk('bios-gpt');
    const sizeBytes = (await stat(original)).size;
    const source: Disk = { name: 'source', path: bench.path('source.img'), bus: 'virtio' };
    await copyFile(original, source.path, constants.COPYFILE_FICLONE);
    const content = { ...(await describeDisk(original, 'bios-gpt')), table: 'another' };
    const bytes = await sha256(original);
    const targets: Disk[] = [];
    for (const [bus, size] of [
      ['virtio', sizeBytes],
      ['scsi', sizeBytes + 100 * MiB],
      ['nvme', 1024 * MiB],
    ] as const) {
      const path = await noisyFile(bench.path(`${bus}.img`), size, size % 251);
      targets.push({ name: `to-${bus}`, path, bus });
    }
    const serials = targets.map(({ name }) => `{ serial: ${name.toUpperCase()} }`).join(', ');
    const images = await imagesDisk(bench);
    await runJobWith(
      bench,
      [images, source, ...targets],
      jobFile('copy', `clone: { source: { serial: SOURCE }, targets: [${serials}] }`),
    );
    assert.equal(await sha256(source.path), bytes, 'cloning changes no byte of the source');
    for (const target of targets) {
      const copied = await describeDisk(target.path, 'bios-gpt');
      // The table says how large the disk is.
      assert.deepEqual({ ...copied, table: '' }, { ...content, table: '' }, target.name);
      await startsFrom(bench, 'bios-gpt', target);
    }
  },
);

restoresAndStarts({ layout: 'bios-gpt', bus: 'virtio', target: { bus: 'scsi', sizeMiB: 320 } });
