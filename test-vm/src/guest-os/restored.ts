/** Scenarios of whole machines: a system that starts is imaged, its disk is wiped and restored, and it starts again. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { copyFile, stat } from 'node:fs/promises';
import { serialOf, type Bus, type Disk } from '../disks.ts';
import { runJob } from '../drive-job.ts';
import { emptyFile, noisyFile, sha256 } from '../files.ts';
import type { Machine } from '../machine.ts';
import { scenario, type Bench } from '../scenario.ts';
import { runTool } from '../tool.ts';
import { checkFiles, logIn } from './console.ts';
import { describeDisk } from './describe.ts';
import { installedDisk } from './install.ts';
import { layouts, type Layout, type LayoutName } from './layouts.ts';

export interface RestoredOptions {
  readonly layout: LayoutName;
  /** What the disk is attached to when it is imaged. */
  readonly bus: Bus;
  /** Another disk to restore to; the same one if not said. */
  readonly target?: {
    readonly bus: Bus;
    readonly sizeMiB: number;
    readonly sectorSizeBytes?: 512 | 4096;
    /** More of the step, for example `grow: last`. */
    readonly options?: string;
  };
}

export interface StartsOptions {
  /** The machine that was started under this name, with what its firmware remembers. */
  readonly machine?: string;
  /** What the firmware says of the boot entry that it starts. */
  readonly bootEntry?: RegExp;
  /** May look at it before it is switched off. */
  readonly look?: (machine: Machine) => Promise<unknown>;
}

/** Starts the machine from its disk alone and looks at every file. What is written while it runs is forgotten. */
export async function startsFrom(
  bench: Bench,
  layout: LayoutName,
  disk: Disk,
  options: StartsOptions = {},
): Promise<void> {
  const overlay = bench.path(`changes-${bench.machines.length + 1}.qcow2`);
  const backing = ['-b', disk.path, '-F', 'raw'];
  await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, overlay]);
  const { firmware } = layouts[layout];
  const own = { ...disk, path: overlay, format: 'qcow2' } as const;
  const machine = await bench.start({ medium: 'none', firmware, disks: [own] }, options.machine);
  const seconds = await logIn(machine);
  if (options.bootEntry !== undefined)
    assert.match(machine.serial.plainLog, options.bootEntry, 'what the firmware says that it starts');
  await checkFiles(machine);
  await options.look?.(machine);
  await machine.powerCut();
  bench.note(`login after ${seconds.toFixed(0)} s`);
}

/** An ext4 file system with the label IMAGES, as a disk. */
export async function imagesDisk(bench: Bench, sizeMiB = 1024): Promise<Disk> {
  const path = await emptyFile(bench.path('images.img'), sizeMiB << 20);
  await runTool('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'IMAGES', '-E', 'nodiscard', path]);
  return { name: 'images', path, bus: 'scsi' };
}

/** A job file that uses the disk of {@link imagesDisk}. */
export const jobFile = (id: string, step: string): string => `version: 1
id: ${id}
countdown: 0
repository: { label: IMAGES, folder: images }
steps:
  - ${step}
`;

/** Runs a job to its end in a machine that is ready. */
async function runToTheEnd(machine: Machine, job: string): Promise<void> {
  const { outcome, exitCode } = await runJob(machine, job);
  assert.deepEqual([outcome, exitCode], ['done', 0]);
  await machine.agent.run('sync');
  await machine.powerCut();
}

/** The same in one with `disks` plugged in. */
export async function runJobWith(bench: Bench, disks: readonly Disk[], job: string): Promise<void> {
  const machine = await bench.startReady();
  for (const disk of disks) await machine.plug(disk);
  await runToTheEnd(machine, job);
}

/** Entries that the firmware makes by itself are named after it and the disk. */
const ownEntry = /starting Boot[0-9A-F]{4} "(?!UEFI )[^"]+" from HD\(/;

export function restoresAndStarts({ layout, bus, target }: RestoredOptions): void {
  const { sectorSizeBytes: sectorSize = 512 } = target ?? {};
  const sectors = sectorSize === 512 ? '' : ` with sectors of ${sectorSize} bytes`;
  const where = target === undefined ? '' : ` to ${target.sizeMiB} MiB on ${target.bus}${sectors}`;
  const name = `${layout} on ${bus}: imaged, wiped, restored${where}, and it starts to its login with all its files`;
  scenario(name, { seconds: 480 }, async (bench) => {
    const { firmware, needsBootEntry } = layouts[layout] as Layout;
    const original = await installedDisk(layout);
    const sizeBytes = (await stat(original)).size;
    const disk: Disk = { name: 'disk', path: bench.path('disk.img'), bus };
    await copyFile(original, disk.path, constants.COPYFILE_FICLONE);
    const [content, bytes] = [await describeDisk(original, layout), await sha256(original)];
    if (needsBootEntry !== true) await startsFrom(bench, layout, disk);

    const images = await imagesDisk(bench);
    await runJobWith(
      bench,
      [images, disk],
      jobFile('save', 'image: { source: { serial: DISK }, name: whole }'),
    );
    assert.equal(await sha256(disk.path), bytes, 'imaging changes no byte of the disk');

    const restored: Disk =
      target === undefined
        ? disk
        : { ...disk, path: bench.path('target.img'), bus: target.bus, sectorSizeBytes: sectorSize };
    await noisyFile(restored.path, target === undefined ? sizeBytes : target.sizeMiB << 20, 99);
    await assert.rejects(describeDisk(restored.path, layout, sectorSize), 'the disk is wiped');
    const options = target?.options === undefined ? '' : `, ${target.options}`;
    const serial = JSON.stringify(serialOf(restored));
    const job = jobFile('put-back', `restore: { image: whole, target: { serial: ${serial} }${options} }`);
    // Only a machine with this firmware can be told of an entry, and a card cannot be plugged in.
    if (needsBootEntry === true || restored.bus === 'sd') {
      const machine = await bench.start({ firmware, disks: [images, restored] }, 'own');
      await machine.ready();
      await runToTheEnd(machine, job);
    } else await runJobWith(bench, [images, restored], job);
    const found = await describeDisk(restored.path, layout, sectorSize);
    // The table of another size says so.
    if (target === undefined) assert.deepEqual(found, content);
    else assert.deepEqual({ ...found, table: '' }, { ...content, table: '' });
    await startsFrom(
      bench,
      layout,
      restored,
      needsBootEntry === true ? { machine: 'own', bootEntry: ownEntry } : {},
    );
  });
}
