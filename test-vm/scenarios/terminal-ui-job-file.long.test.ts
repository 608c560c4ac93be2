/** What a person sees at a machine that found a job for its start: what it waits for, and why it could not begin. */
import { makeLabelledStick, putOnStick } from '../src/labelled-stick.ts';
import type { Machine } from '../src/machine.ts';
import { scenario, type Bench } from '../src/scenario.ts';
import { choose, sees, serialSeat } from '../src/seat.ts';

/** A machine that starts with this job on a stick, and no other disk. */
async function startWith(bench: Bench, job: string): Promise<Machine> {
  const path = await makeLabelledStick(bench.path('stick.img'), 'PERMAFROST', 64);
  await putOnStick(path, 'permafrost-job.yaml', `version: 1\nid: test\n${job}`);
  const machine = await bench.start({ disks: [{ name: 'stick', path, bus: 'usb' }] });
  await machine.ready();
  return machine;
}

scenario('a job that waits for its disk says so, and is given up by a key', {}, async (bench) => {
  const machine = await startWith(bench, 'repository: { label: NOWHERE }\nsteps: [{ verify: {} }]\n');
  const seat = serialSeat(machine);
  await sees(seat, /A job waits to begin.*The folder .* with label NOWHERE: is not there/, 60);
  await seat.press('escape');
  await sees(seat, /What do you want to do\?.*Save an image of a disk A job waits to begin/);
  await choose(seat, 'Look at the job of this start');
  await sees(seat, 'C stop it');
  await seat.type('c');
  await sees(seat, /What do you want to do\? › Save an image of a disk/);
});

scenario('a job that cannot begin says why', {}, async (bench) => {
  const machine = await startWith(
    bench,
    'repository: { label: PERMAFROST }\nsteps: [{ clone: { source: only-disk, target: { serial: NONE } } }]\n',
  );
  const seat = serialSeat(machine);
  const why =
    /A job could not begin.*permafrost-job\.yaml on .*The only built-in disk cannot be named: there is none/;
  await sees(seat, why, 60);
  await choose(seat, 'Back to the start page');
  await sees(seat, /What do you want to do\? › Save an image of a disk/);
});
