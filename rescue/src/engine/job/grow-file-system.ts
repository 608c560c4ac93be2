/**
 * Grows a file system on a target to the size of its partition, with the tool that its makers give out, after
 * everything was written and read back. What fails before the file system is touched leaves it in its old size.
 */
import { PermafrostError } from '../base/errors.ts';
import { subReader } from '../base/block-reader.ts';
import type { OpenDisk } from '../device/device.ts';
import { writeFailure } from '../device/device-failure.ts';
import { resizeFat } from '../filesystem/fat/resize-fat.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import { runStep, withLoop, withMounted, type Step } from './file-system-tools.ts';
import type { Span } from '../partition/plan-layout.ts';
import type { Growth } from './plan-layout.ts';
import { flush } from './target-steps.ts';
import { type Said, say } from '../base/remarks.ts';

interface Recipe {
  /** Must be content before anything is changed. */
  readonly before: readonly Step[];
  /** Absent for FAT, which no program of others grows well. */
  readonly grow?: Step;
  /** The growing is done on the mounted file system. */
  readonly mountOptions?: string;
  /** Must be content afterwards. */
  readonly check: Step;
}

const DEVICE = '\0device';
const MOUNTED = '\0mounted';

const ext: Recipe = {
  before: [{ program: 'e2fsck', args: ['-f', '-p', DEVICE], accept: [0, 1] }],
  grow: { program: 'resize2fs', args: [DEVICE] },
  check: { program: 'e2fsck', args: ['-f', '-n', DEVICE] },
};

const fat: Recipe = { before: [], check: { program: 'fsck.fat', args: ['-n', DEVICE] } };

const recipes: Partial<Record<FileSystemKind, Recipe>> = {
  ext2: ext,
  ext3: ext,
  ext4: ext,
  ntfs: {
    before: [
      { program: 'ntfsresize', args: ['--no-action', '--force', '--force', '--no-progress-bar', DEVICE] },
    ],
    // Twice: without a terminal nobody can answer its question.
    grow: { program: 'ntfsresize', args: ['--force', '--force', '--no-progress-bar', DEVICE] },
    check: { program: 'ntfsfix', args: ['--no-action', DEVICE] },
  },
  xfs: {
    before: [],
    mountOptions: 'nouuid,nodev,nosuid,noexec',
    grow: { program: 'xfs_growfs', args: ['-d', MOUNTED] },
    check: { program: 'xfs_repair', args: ['-n', DEVICE] },
  },
  fat12: fat,
  fat16: fat,
  fat32: fat,
  btrfs: {
    before: [],
    mountOptions: 'nodev,nosuid,noexec',
    grow: { program: 'btrfs', args: ['filesystem', 'resize', 'max', MOUNTED] },
    check: { program: 'btrfs', args: ['check', '--readonly', DEVICE] },
  },
};

/**
 * Grows what `growths` name on `disk`, which is open and written. Returns warnings about those that keep their size.
 * Throws `layout/damaged` where a tool left something that its own check does not accept.
 */
export async function growFileSystems(disk: OpenDisk, growths: readonly Growth[]): Promise<Said[]> {
  const warnings: Said[] = [];
  for (const growth of growths) {
    await disk.file.dropCache();
    const problem = await growOne(disk, growth);
    if (problem !== undefined) warnings.push(say('layout/not-grown', { number: growth.number, problem }));
    await flush(disk.file);
  }
  return warnings;
}

/** Why it keeps its size, if it does. */
async function growOne(disk: OpenDisk, { number, kind, ...part }: Growth): Promise<Said | undefined> {
  const { path } = disk.identity;
  const recipe = recipes[kind]!;
  const work = async (device: string): Promise<{ problem?: Said }> => {
    for (const step of recipe.before) {
      const ready = await runStep(onDevice(step, device));
      if ('problem' in ready) return ready;
    }
    const grown =
      recipe.grow === undefined
        ? await growFat(disk, part.span)
        : await grow(device, kind, recipe.grow, recipe.mountOptions);
    const checked = await runStep(onDevice(recipe.check, device));
    if ('problem' in checked)
      throw new PermafrostError('layout/damaged', { device: path, number, problem: checked.problem });
    return 'problem' in grown ? grown : {};
  };
  return (await withLoop(path, work, part)).problem;
}

/** Grows the FAT in `span` of `disk`. */
async function growFat({ file, reader }: OpenDisk, span: Span): Promise<{ problem?: Said }> {
  const view = subReader(reader, span.start, span.length, reader.name);
  const write = async (offset: number, bytes: Uint8Array): Promise<void> => {
    try {
      await file.write(span.start + offset, bytes);
    } catch (error) {
      throw writeFailure(error, file.path);
    }
  };
  const problem = await resizeFat({ ...view, write }, span.length);
  await flush(file);
  await file.dropCache();
  return problem === undefined ? {} : { problem };
}

function grow(device: string, type: FileSystemKind, step: Step, options: string | undefined) {
  if (options === undefined) return runStep(onDevice(step, device));
  return withMounted(device, { type, options }, (folder) => runStep(onDevice(step, device, folder)));
}

function onDevice(step: Step, device: string, folder?: string): Step {
  const args = step.args.map((arg) => (arg === DEVICE ? device : arg === MOUNTED ? folder! : arg));
  return { ...step, args };
}
