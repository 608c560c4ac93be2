/** What the terminal UI survives: disks that come and go, its own death, and that of the process that runs the job. */
import assert from 'node:assert/strict';
import { noisyFile } from '../src/files.ts';
import { listStick, makeLabelledStick } from '../src/labelled-stick.ts';
import type { Machine } from '../src/machine.ts';
import { scenario } from '../src/scenario.ts';
import { choose, sees, serialSeat } from '../src/seat.ts';
import { endImage, startImage } from '../src/ui-walks.ts';

const names = { source: 'OLD-DISK-0001', stick: 'IMAGES' } as const;

/** Kills a process of the program without a word; resolves to its id. */
function killed(machine: Machine, command: string): Promise<string> {
  return machine.agent.run(
    `id=$(ps | awk '/[M]ainThread.*permafrost ${command}/ { print $1; exit }'); kill -9 $id; echo $id`,
  );
}

const share = (text: string): number => Number(/ (\d+) % /.exec(text)?.[1]);

scenario(
  'goes on when disks come and go, when it dies, and when the job’s process dies',
  { seconds: 360 },
  async (bench) => {
    const machine = await bench.startReady();
    const seat = serialSeat(machine);
    const stick = await makeLabelledStick(bench.path('stick.img'), names.stick, 128);
    await machine.plug({ name: 'stick', path: stick, bus: 'usb' });
    await machine.serial.type('\x0c');

    // A disk comes and goes while the list is shown.
    await sees(seat, 'What do you want to do?', 60);
    await choose(seat, 'Save an image of a disk');
    await sees(seat, 'serial STICK');
    const passing = await noisyFile(bench.path('passing.img'), 4 << 20);
    await machine.plug({ name: 'passing', path: passing, bus: 'usb', serial: 'PASSING-BY' });
    await sees(seat, 'PASSING-BY');
    await machine.unplug('passing');
    await sees(seat, /^(?!.*PASSING-BY)/);
    await seat.press('escape');

    // The screens die, and come back to the job that went on.
    // Long enough that the job runs until it is killed, however long the screens take to come back.
    const slow = await noisyFile(bench.path('slow.img'), 96 << 20);
    await machine.plug({
      name: 'slow',
      path: slow,
      bus: 'virtio',
      serial: names.source,
      bytesPerSecond: 1 << 20,
    });
    await startImage(seat, names);
    const before = share(await sees(seat, /Reading.* [1-9]\d* % /, 60));
    await killed(machine, 'tui');
    await machine.serial.says(/The screens of Permafrost ended by a fault; a job that runs goes on/, 30);
    const after = share(await sees(seat, /Saving an image.* \d+ % /, 60));
    assert.ok(after >= before, `${after} % after ${before} %`);

    // The process of the job dies: the screens say what is known, and doing the same again goes on.
    await killed(machine, 'runner');
    await sees(seat, /ended unexpectedly.*signal 9.*Run the same job again/, 60);
    await choose(seat, 'Back to the start page');
    await startImage(seat, names);
    await endImage(seat);

    // What was said of all this can be taken along.
    await choose(seat, 'Tools');
    // Until the next page is there, a key would move on the one before.
    await sees(seat, 'Restart the machine');
    await choose(seat, 'Logs');
    await sees(seat, 'save on a stick');
    await seat.type('s');
    await sees(seat, 'On which stick or disk do you want to save the logs?');
    await choose(seat, `"${names.stick}"`);
    await sees(seat, /Saved in the folder permafrost-logs-\S+ on "IMAGES"/, 60);
    await machine.unplug('stick');
    const saved = await listStick(stick);
    for (const name of ['log/runner.log', 'log/ui.log', 'dmesg.txt', 'disks.json'])
      assert.ok(
        saved.some((path) => /permafrost-logs-/.test(path) && path.endsWith(name)),
        `${name} is among ${saved.join(', ')}`,
      );
  },
);
