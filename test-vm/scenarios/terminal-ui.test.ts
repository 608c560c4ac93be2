/** An image saved and put back through the terminal UI, by a person at the serial line. */
import assert from 'node:assert/strict';
import { noisyFile, sha256 } from '../src/files.ts';
import { makeLabelledStick } from '../src/labelled-stick.ts';
import { scenario } from '../src/scenario.ts';
import { sees, serialSeat } from '../src/seat.ts';
import { describeSourceDisk, makeSourceDisk, sourceDiskBytes } from '../src/source-disk.ts';
import { endImage, endRestore, startImage, startRestore } from '../src/ui-walks.ts';

const oldDisk = 'OLD-DISK-0001';
const newDisk = 'NEW-DISK-9X42';

scenario(
  'at the serial line: a whole disk is saved and put back on another, the same to the last byte',
  { seconds: 360 },
  async (bench) => {
    const source = await makeSourceDisk(bench.path('old.img'), { name: 'serial' });
    const before = await sha256(source);
    const content = await describeSourceDisk(source);
    const target = await noisyFile(bench.path('new.img'), sourceDiskBytes, 77);
    const stick = await makeLabelledStick(bench.path('stick.img'), 'IMAGES', 160);
    const machine = await bench.startReady();
    await machine.plug({ name: 'old', path: source, bus: 'virtio', serial: oldDisk });
    await machine.plug({ name: 'new', path: target, bus: 'nvme', serial: newDisk });
    await machine.plug({ name: 'stick', path: stick, bus: 'usb' });
    await machine.serial.type('\x0c');
    const seat = serialSeat(machine);

    await startImage(seat, { source: oldDisk, stick: 'IMAGES', everything: true });
    await endImage(seat);
    const untouched = await sha256(target);
    await startRestore(seat, { stick: 'IMAGES', target: newDisk });
    await endRestore(seat);
    await sees(seat, 'What do you want to do?');
    await machine.powerCut();

    assert.notEqual(untouched, before);
    assert.equal(await sha256(source), before, 'the source was not changed');
    assert.equal(await sha256(target), before, 'every byte of the disk is on the other one');
    assert.deepEqual(await describeSourceDisk(target), content);
  },
);
