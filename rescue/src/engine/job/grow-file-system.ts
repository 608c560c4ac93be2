/**
 * Grows a file system on a target to the size of its partition, with the tool that its makers give out, after
 * everything was written and read back. What fails before the file system is touched leaves it in its old size.
 */
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PermafrostError } from '../base/errors.ts';
import type { OpenDisk } from '../device/device.ts';
import { runProgram } from '../device/run-program.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import type { Growth } from './plan-layout.ts';
import { flush } from './target-steps.ts';

/** A tool that is killed leaves half a file system: it gets all the time that any disk could need. */
const LIMIT_MS = 12 * 3600_000;

interface Step {
  readonly program: string;
  readonly args: readonly string[];
  /** Exit codes that are no failure; default 0 alone. */
  readonly accept?: readonly number[];
}

interface Recipe {
  /** Must be content before anything is changed. */
  readonly before: readonly Step[];
  readonly grow: Step;
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
export async function growFileSystems(disk: OpenDisk, growths: readonly Growth[]): Promise<string[]> {
  const warnings: string[] = [];
  for (const growth of growths) {
    await disk.file.dropCache();
    const warning = await growOne(disk.identity.path, growth);
    if (warning !== undefined) warnings.push(warning);
    await flush(disk.file);
  }
  return warnings;
}

async function growOne(path: string, growth: Growth): Promise<string | undefined> {
  const { number, kind, span, sectorSize } = growth;
  const keeps = (problem: string): string =>
    `The file system of partition ${number} keeps its old size: ${problem}. Everything was restored; grow it in the restored system.`;
  const attached = await run({
    program: 'losetup',
    args: [
      ...['--find', '--show', '--sector-size', String(sectorSize)],
      ...['--offset', String(span.start), '--sizelimit', String(span.length), path],
    ],
  });
  if ('problem' in attached) return keeps(attached.problem);
  const device = attached.stdout;
  try {
    const recipe = recipes[kind]!;
    for (const step of recipe.before) {
      const ready = await run(onDevice(step, device));
      if ('problem' in ready) return keeps(ready.problem);
    }
    const problem = await grow(device, kind, recipe);
    const checked = await run(onDevice(recipe.check, device));
    if ('problem' in checked)
      throw new PermafrostError('layout/damaged', { device: path, number, problem: checked.problem });
    return problem === undefined ? undefined : keeps(problem);
  } finally {
    await run({ program: 'losetup', args: ['--detach', device] });
  }
}

/** What went wrong, if anything did. */
async function grow(
  device: string,
  kind: FileSystemKind,
  { grow: step, mountOptions }: Recipe,
): Promise<string | undefined> {
  if (mountOptions === undefined) return problemOf(await run(onDevice(step, device)));
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-grow-'));
  try {
    const mounted = await run({ program: 'mount', args: ['-t', kind, '-o', mountOptions, device, folder] });
    if ('problem' in mounted) return mounted.problem;
    const grown = await run(onDevice(step, device, folder));
    const unmounted = await run({ program: 'umount', args: [folder] });
    return problemOf(grown) ?? problemOf(unmounted);
  } finally {
    await rmdir(folder).catch(() => undefined);
  }
}

function problemOf(result: { stdout: string } | { problem: string }): string | undefined {
  return 'problem' in result ? result.problem : undefined;
}

function onDevice(step: Step, device: string, folder?: string): Step {
  const args = step.args.map((arg) => (arg === DEVICE ? device : arg === MOUNTED ? folder! : arg));
  return { ...step, args };
}

async function run({ program, args, accept = [0] }: Step): Promise<{ stdout: string } | { problem: string }> {
  const { code, stdout, problem } = await runProgram({ program, args, limitMs: LIMIT_MS });
  if (accept.includes(code)) return { stdout };
  const said = [problem, stdout].join('\n').trim().split('\n').slice(-3).join(' ').slice(0, 300);
  return { problem: `${program} failed${code < 0 ? '' : ` with ${code}`}${said === '' ? '' : ` (${said})`}` };
}
