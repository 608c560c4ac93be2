/** An image saved and put back through the terminal UI, by a person at the screen; what the guide shows is its pictures. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { noisyFile, sha256 } from '../src/files.ts';
import { describeDisk } from '../src/guest-os/describe.ts';
import { installedDisk } from '../src/guest-os/install.ts';
import { imagesDisk, startsFrom } from '../src/guest-os/restored.ts';
import { mostPictureBytes, pictureFolder, pictureNames } from '../src/guide-pictures.ts';
import type { Machine } from '../src/machine.ts';
import { takePicture } from '../src/picture.ts';
import { scenario, type Bench } from '../src/scenario.ts';
import { screenSeat, sees } from '../src/seat.ts';
import { runTool } from '../src/tool.ts';
import { endImage, endRestore, startImage, startRestore, type Look } from '../src/ui-walks.ts';

const oldDisk = 'OLD-DISK-0001';
const newDisk = 'NEW-DISK-9X42';

/** Takes the pictures of the guide; into the guide itself where they are to be made anew. */
async function photographer(bench: Bench): Promise<(machine: Machine) => Look> {
  const folder = process.env['PERMAFROST_UPDATE'] === '1' ? pictureFolder : bench.path('pictures');
  await mkdir(folder, { recursive: true });
  return (machine) => async (page) => {
    assert.ok((pictureNames as readonly string[]).includes(page), `the guide has no picture "${page}"`);
    const path = join(folder, `${page}.png`);
    await takePicture(machine, path);
    const { size } = await stat(path);
    assert.ok(size > 1024 && size <= mostPictureBytes, `${page} takes ${size} bytes`);
  };
}

scenario(
  'at the screen: a disk with a system is saved and put back on another, which then starts',
  { seconds: 480 },
  async (bench) => {
    const layout = 'bios-gpt';
    const original = await installedDisk(layout);
    const sizeBytes = (await stat(original)).size;
    const source = bench.path('old.img');
    await copyFile(original, source, constants.COPYFILE_FICLONE);
    const [before, content] = [await sha256(original), await describeDisk(original, layout)];
    const target = await noisyFile(bench.path('new.img'), sizeBytes, 78);
    await runTool('sfdisk', ['--quiet', target], 'label: gpt\nstart=1MiB, type=U\n');
    await runTool('mkfs.fat', ['-n', 'OLD PHOTOS', '--offset', '2048', target, '400000']);
    const images = await imagesDisk(bench);
    const look = await photographer(bench);

    const machine = await bench.startReady();
    await machine.plug({ name: 'old', path: source, bus: 'scsi', serial: oldDisk });
    await machine.plug({ name: 'new', path: target, bus: 'nvme', serial: newDisk });
    await machine.plug(images);
    const [seat, picture] = [screenSeat(machine), look(machine)];
    await startImage(seat, { source: oldDisk, stick: 'IMAGES' }, picture);
    // Of the whole job, so that the picture shows a part of it done.
    await sees(seat, / [1-9]\d % \d+ MiB of /, 120);
    await picture('running');
    await endImage(seat, picture);
    await startRestore(seat, { stick: 'IMAGES', target: newDisk }, picture);
    await endRestore(seat, picture);
    await machine.powerCut();

    assert.equal(await sha256(source), before, 'the source was not changed');
    assert.deepEqual(await describeDisk(target, layout), content);
    const disk = { name: 'disk', path: target, bus: 'virtio' } as const;
    await startsFrom(bench, layout, disk, { look: (started) => look(started)('boots') });
  },
);
