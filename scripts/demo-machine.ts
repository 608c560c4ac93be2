/**
 * The second part of `make demo`: the same on a bare machine. A virtual machine starts from the bootable image with a
 * stick labelled PERMAFROST that holds a job file; nobody presses a key. It images its disk and switches itself off,
 * the disk is overwritten, it starts again with another job file and restores, and other tools say whether the disk is
 * the same. Everything stays in build/demo-machine to look at. Exit code 1 if anything is not equal.
 */
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../rescue/test/support/command.ts';
import { fillFile, makeDemoDisk } from '../rescue/test/support/demo-disk.ts';
import { accelerator } from '../test-vm/src/accelerator.ts';
import { sha256 } from '../test-vm/src/files.ts';
import { makeLabelledStick, putOnStick } from '../test-vm/src/labelled-stick.ts';
import { Machine } from '../test-vm/src/machine.ts';
import { findIso } from '../test-vm/src/places.ts';
import { tellEvents } from './demo-events.ts';
import { proveDisk } from './demo-proof.ts';
import { bold, describeDisk, heading, MB, runDemo, Verdicts } from './demo-show.ts';

const folder = 'build/demo-machine';
const disk = join(folder, 'disk.img');
const stick = join(folder, 'stick.img');
const work = join(folder, 'work');
const limitSeconds = 600;

const imageJob = `version: 1
id: demo-image
repository: { label: PERMAFROST, folder: images }
steps:
  - image: { source: only-disk, name: demo }
  - verify: { image: latest }
end: power-off
on-failure: power-off
`;

const restoreJob = `version: 1
id: demo-restore
countdown: 5
repository: { label: PERMAFROST, folder: images }
steps:
  - restore: { image: demo, target: only-disk }
end: power-off
on-failure: power-off
`;

/** Puts the job on the stick, and starts the machine, which does it and switches itself off. */
async function startMachine(iso: string, number: number, job: string): Promise<void> {
  console.log(`   The stick's permafrost-job.yaml:\n\n${job.replace(/^(?=.)/gm, '      ')}`);
  await putOnStick(stick, 'permafrost-job.yaml', job);
  const machine = await Machine.start({
    iso,
    folder: work,
    medium: 'cd',
    firmware: 'bios',
    memoryMB: 1024,
    disks: [
      { name: 'disk', path: disk, bus: 'ahci' },
      { name: 'stick', path: stick, bus: 'usb' },
    ],
  });
  const keep = (name: string): string => join(folder, name.replace('.', `-${number}.`));
  try {
    console.log(`   The machine is switched on.`);
    const problem = tellEvents(machine);
    const { seconds } = await machine.ready(300);
    console.log(`   ${seconds.toFixed(0).padStart(4)} s  it has started`);
    await machine.job.event(({ type }) => type === 'job' || type === 'result', 300, 'the job is found');
    // A picture for people: the demo does without where the job is over sooner.
    machine.job
      .event(({ type }) => type === 'progress', limitSeconds)
      .then(() => machine.photograph(keep('screen.png')))
      .catch(() => undefined);
    await machine.switchedOff(limitSeconds);
    const off = (performance.now() - machine.startedAt) / 1000;
    console.log(`   ${off.toFixed(0).padStart(4)} s  it has switched itself off`);
    if (problem() !== undefined) throw new Error(problem());
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\n` +
        `What the machine said is in ${folder}: serial-${number}.log, events-${number}.jsonl, screen-${number}.png.\n` +
        `To start it by hand:\n  ${machine.command}`,
      { cause: error },
    );
  } finally {
    await machine.powerCut();
    await writeFile(keep('serial.log'), machine.serial.log);
    const events = machine.job.events.map((event) => `${JSON.stringify(event)}\n`);
    await writeFile(keep('events.jsonl'), events.join(''));
  }
}

async function main(): Promise<void> {
  const started = performance.now();
  const verdicts = new Verdicts();
  const iso = await findIso();
  await rm(folder, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < 3e9)
    throw new Error(`the demo needs 3 GB of free disk space; ${MB(bavail * bsize)} are free`);

  console.log(bold('\nThe same without an operating system: a bare machine, and nobody at its keyboard.'));
  if ((await accelerator()) === 'tcg')
    console.log('(Without KVM the machine is emulated, and several times slower than a real one.)');

  heading('A disk, and a stick labelled PERMAFROST with a job file on it');
  const made = await makeDemoDisk(disk, work);
  const before = await proveDisk(made, work);
  const bytesBefore = await sha256(disk);
  describeDisk(before);
  await makeLabelledStick(stick, 'PERMAFROST', 1024);

  heading('The machine starts from the bootable image, and finds the job');
  await startMachine(iso, 1, imageJob);
  verdicts.add(
    'not a byte of the disk was changed by imaging it (SHA-256)',
    bytesBefore === (await sha256(disk)) ? undefined : 'it has changed',
  );

  heading('Disaster: the whole disk is overwritten with noise');
  await fillFile(disk, 0, made.sizeBytes / 2 ** 20, 98);
  const table = await run('sfdisk', ['--dump', disk], { accept: [0, 1] });
  if (table.code === 0) throw new Error('the overwritten disk still has a partition table');
  console.log(`   sfdisk: ${table.stderr.trim().split('\n').at(-1)}`);

  heading('The machine starts again, with a job that restores');
  await startMachine(iso, 2, restoreJob);

  heading('Is it the same disk? Other tools say');
  verdicts.compare(before, await proveDisk(made, work));

  await rm(work, { recursive: true });
  verdicts.conclude(started);
  console.log(`Look around in ${folder}; \`make clean\` removes it.`);
}

await runDemo(main);
