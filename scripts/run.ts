/**
 * `make run`: the bootable image in a virtual machine with demo disks, and its terminal UI in this terminal, by the
 * machine's serial line. The disks stay in build/run; `FRESH=1` makes them anew.
 */
import { spawn, spawnSync } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDemoDisk } from '../rescue/test/support/demo-disk.ts';
import { accelerator } from '../test-vm/src/accelerator.ts';
import type { Disk } from '../test-vm/src/disks.ts';
import { firmwareArguments } from '../test-vm/src/firmware.ts';
import { makeLabelledStick } from '../test-vm/src/labelled-stick.ts';
import { findIso } from '../test-vm/src/places.ts';
import { hardwareArguments } from '../test-vm/src/qemu-arguments.ts';
import { bold, MB } from './demo-show.ts';

const folder = 'build/run';
const neededBytes = 3e9;
/** Larger than the demo disk: an image of it can be put back there. */
const emptyDiskMiB = 1280;

interface DemoDrive extends Disk {
  readonly about: string;
  readonly make: (path: string, work: string) => Promise<unknown>;
}

const drives: readonly DemoDrive[] = [
  {
    name: 'old',
    serial: 'OLD-DISK-0001',
    path: join(folder, 'old-disk.img'),
    bus: 'ahci',
    about: 'a disk with EFI, Linux, Windows and camera partitions',
    make: makeDemoDisk,
  },
  {
    name: 'new',
    serial: 'NEW-DISK-9X42',
    path: join(folder, 'new-disk.img'),
    bus: 'nvme',
    about: 'a new disk, empty',
    make: async (path) => {
      await writeFile(path, '');
      await truncate(path, emptyDiskMiB << 20);
    },
  },
  {
    name: 'stick',
    serial: 'STICK-0001',
    path: join(folder, 'stick.img'),
    bus: 'usb',
    about: 'a stick named IMAGES',
    make: (path) => makeLabelledStick(path, 'IMAGES', 1024),
  },
];

async function makeDisks(): Promise<void> {
  if (process.env['FRESH'] === '1') await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  for (const { path, make } of drives) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    if (bavail * bsize < neededBytes)
      throw new Error(
        `the demo disks need ${MB(neededBytes)} of free disk space; ${MB(bavail * bsize)} are free`,
      );
    const work = await mkdtemp(join(folder, 'work-'));
    try {
      await make(path, work);
    } catch (error) {
      // What is half made would be taken for whole the next time.
      await rm(path, { force: true });
      throw error;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

async function main(): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    console.error('make run: shows the terminal UI, and needs a terminal for that. `make demo` needs none.');
    return 2;
  }
  const iso = await findIso();
  console.log('Making the demo disks, where they are not there yet …');
  await makeDisks();
  const work = await mkdtemp(join(folder, 'machine-'));
  const kind = await accelerator();
  const columns = process.stdout.columns;
  console.log(bold('\nThe machine starts, with:'));
  for (const { serial = '', about } of drives) console.log(`   ${serial.padEnd(14)} ${about}`);
  console.log(
    [
      '',
      `Its UI comes up here${kind === 'tcg' ? ', in a minute or two: without KVM the machine is emulated' : ''}.`,
      ...(columns < 80 || process.stdout.rows < 24
        ? ['It draws 80×24 characters: make this window larger.']
        : []),
      `${bold('To leave: press Ctrl-A, then X.')} That pulls the plug of the machine. Ctrl-L draws its screen again.`,
      `What is on its disks stays in ${folder}; FRESH=1 makes them anew.`,
      '',
    ].join('\n'),
  );
  const hardware = hardwareArguments({
    accelerator: kind,
    memoryMB: 1024,
    processors: 2,
    firmware: await firmwareArguments('bios', work),
    medium: 'cd',
    mediumPath: iso,
    disks: drives,
    hotPlug: false,
    network: 'user',
    more: [],
  });
  try {
    return await new Promise<number>((resolve, reject) => {
      // Ctrl-C is the guest's.
      process.on('SIGINT', () => undefined);
      const qemu = spawn('qemu-system-x86_64', [...hardware, '-serial', 'mon:stdio'], { stdio: 'inherit' });
      qemu.once('error', reject);
      qemu.once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    // The guest could not give the terminal back.
    process.stdout.write('\x1b[?1049l\x1b[?25h\x1b[0m\n');
    spawnSync('stty', ['sane'], { stdio: 'inherit' });
    await rm(work, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`make run: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
