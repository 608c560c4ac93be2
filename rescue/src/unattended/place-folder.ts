/**
 * The private folder of one mounted place: the mount point, and the files that its mount program reads (secrets,
 * known hosts). Only its owner may look into it, and it goes when the place is let go of.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import {
  isRunning,
  ownIdentity,
  parseProcessIdentity,
  PermafrostError,
  type RunProgram,
  stateFolder,
} from '../engine/index.ts';

/** In memory where that may be written: secrets shall reach no disk. */
const MEMORY = join(stateFolder, 'places');
/** Which process a folder belongs to. */
const OWNER = 'owner.json';
/** How long an unmount may take before the mount is taken off the tree and left to itself. */
const UNMOUNT_LIMIT_MS = 15_000;
const LAZY_LIMIT_MS = 10_000;

export interface PlaceFolder {
  readonly mountPoint: string;
  /** Writes a file beside the mount point that only its owner can read (and run, with `program`); its path. */
  write(name: string, text: string, program?: boolean): Promise<string>;
  /** Says that something is mounted now. */
  mounted(): void;
  /** Unmounts, lazily if a dead server hangs it, and removes the folder. Idempotent. */
  remove(): Promise<void>;
}

/** Mount points that are in use; a process that must leave at once takes them off. */
const inUse = new Set<string>();

export async function makePlaceFolder(run: RunProgram): Promise<PlaceFolder> {
  const root = await privateFolder();
  const mountPoint = join(root, 'mount');
  await mkdir(mountPoint, { mode: 0o700 });
  await writeFile(join(root, OWNER), JSON.stringify(await ownIdentity()), { mode: 0o600 });
  return {
    mountPoint,
    async write(name, text, program = false) {
      const path = join(root, name);
      await writeFile(path, text, { mode: program ? 0o700 : 0o600 });
      return path;
    },
    mounted() {
      if (inUse.size === 0) process.on('exit', takeOffAll);
      inUse.add(mountPoint);
    },
    async remove() {
      if (inUse.has(mountPoint)) await unmount(run, mountPoint);
      if (inUse.delete(mountPoint) && inUse.size === 0) process.off('exit', takeOffAll);
      // Never recursively through the mount point: were it still mounted, images would go.
      await rmdir(mountPoint).catch(ignoreMissing);
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function privateFolder(): Promise<string> {
  try {
    await mkdir(MEMORY, { recursive: true, mode: 0o700 });
    await chmod(MEMORY, 0o700);
    return await mkdtemp(join(MEMORY, 'place-'));
  } catch {
    return mkdtemp(join(tmpdir(), 'permafrost-place-'));
  }
}

/** Unmounts and removes what processes that are gone have left, killed before they could. Never throws. */
export async function recoverPlaces(run: RunProgram, memory = MEMORY): Promise<void> {
  for (const name of await readdir(memory).catch(() => [] as string[])) {
    const root = join(memory, name);
    try {
      const owner = parseProcessIdentity(
        JSON.parse(await readFile(join(root, OWNER), 'utf8')) as Record<string, unknown>,
      );
      if (owner === undefined || (await isRunning(owner)) !== false) continue;
      await unmount(run, join(root, 'mount'));
      await rmdir(join(root, 'mount')).catch(ignoreMissing);
      await rm(root, { recursive: true, force: true });
    } catch {
      // Not one of ours, or one that cannot be unmounted: it stays as it is.
    }
  }
}

/** Throws `job-file/unmount` if even a lazy unmount fails. */
async function unmount(run: RunProgram, mountPoint: string): Promise<void> {
  const first = await run({ program: 'umount', args: [mountPoint], limitMs: UNMOUNT_LIMIT_MS });
  if (first.code === 0 || first.problem.includes('not mounted')) return;
  // `-i`: no helper, which would ask the server that does not answer.
  const lazy = await run({ program: 'umount', args: ['-i', '-l', mountPoint], limitMs: LAZY_LIMIT_MS });
  if (lazy.code === 0) return;
  throw new PermafrostError('job-file/unmount', { path: mountPoint, problem: first.problem });
}

function takeOffAll(): void {
  for (const mountPoint of inUse)
    spawnSync('umount', ['-i', '-l', mountPoint], { stdio: 'ignore', timeout: 3000, killSignal: 'SIGKILL' });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
