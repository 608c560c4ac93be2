/**
 * Changes bytes of a file on a target in their place: by mounting its file system for the moment, which has a UUID of
 * its own by then or one that the kernel does not mind to see twice; on FAT with mtools. Read back afterwards.
 */
import { asIs, type Said, say } from '../base/remarks.ts';
import { lstat, mkdtemp, open, readdir, readlink, rm, rmdir, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subReader } from '../base/block-reader.ts';
import type { OpenDisk } from '../device/device.ts';
import { toolFailure } from './file-system-tools.ts';
import { runProgram } from '../device/run-program.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import { openFiles } from '../filesystem/open-files.ts';
import type { Span } from '../partition/plan-layout.ts';
import { withLoop } from './renew-file-system.ts';
import { flush } from './target-steps.ts';

const LIMIT_MS = 10 * 60_000;
const MAX_LINKS = 40;
const mounts: Partial<
  Readonly<Record<FileSystemKind, { readonly type: string; readonly options?: string }>>
> = {
  ext2: { type: 'ext4' },
  ext3: { type: 'ext4' },
  ext4: { type: 'ext4' },
  xfs: { type: 'xfs', options: 'nouuid' },
  // The top of the tree, whatever subvolume is the default.
  btrfs: { type: 'btrfs', options: 'subvolid=5' },
  ntfs: { type: 'ntfs-3g' },
};

export interface FileMending {
  readonly kind: FileSystemKind;
  /** The file system on the disk, in bytes. */
  readonly span: Span;
  readonly sectorSize: number;
  readonly files: readonly {
    /** Within the file system. */
    readonly path: string;
    readonly before: Uint8Array;
    /** As long as before. */
    readonly after: Uint8Array;
  }[];
}

/** Does it on `disk`, open and written. For each path that is not as it should be now: why. */
export async function mendFiles(disk: OpenDisk, mending: FileMending): Promise<Map<string, Said>> {
  const { kind, span, sectorSize, files } = mending;
  const problems = new Map<string, Said>();
  const whole = await withLoop(disk, span, sectorSize, (device) =>
    kind.startsWith('fat') ? onFat(device, mending, problems) : onMounted(device, mending, problems),
  );
  await flush(disk.file);
  await disk.file.dropCache();
  const view = subReader(disk.reader, span.start, span.length, `${disk.identity.path} ${kind}`);
  const tree = await openFiles({ ...view, sectorSize }, kind);
  for (const { path, after } of files) {
    if (whole !== undefined && !problems.has(path)) problems.set(path, whole);
    const there = await tree?.readFile(path, after.length).catch(() => undefined);
    if (there !== undefined && Buffer.compare(there, after) === 0) problems.delete(path);
    else if (!problems.has(path)) problems.set(path, say('mend/not-written'));
  }
  return problems;
}

async function onMounted(
  device: string,
  { kind, files }: FileMending,
  problems: Map<string, Said>,
): Promise<Said | undefined> {
  const mount = mounts[kind];
  if (mount === undefined) return say('mend/kind', { content: kind });
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-mend-'));
  try {
    const options = ['nodev,nosuid,noexec', ...(mount.options === undefined ? [] : [mount.options])].join();
    const mounted = await run('mount', ['-t', mount.type, '-o', options, device, folder]);
    if (mounted !== undefined) return mounted;
    try {
      for (const { path, before, after } of files) {
        const problem = await patchFile(folder, path, before, after);
        if (problem !== undefined) problems.set(path, problem);
      }
    } finally {
      const unmounted = await run('umount', [folder]);
      if (unmounted !== undefined) for (const { path } of files) problems.set(path, unmounted);
    }
    return undefined;
  } finally {
    await rmdir(folder).catch(() => undefined);
  }
}

/** Writes what differs into the file, which must be what was read without mounting: no link may lead out of `root`. */
async function patchFile(
  root: string,
  path: string,
  before: Uint8Array,
  after: Uint8Array,
): Promise<Said | undefined> {
  try {
    const file = await open(await findInside(root, path), constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      if (Buffer.compare(await file.readFile(), before) !== 0) return say('mend/not-read');
      for (const [start, end] of differences(before, after))
        await file.write(after, start, end - start, start);
      await file.sync();
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return asIs(message.replaceAll(root, ''));
  }
}

/**
 * Where `path` is below `root`, links followed as they are meant in the system whose root that is: none leads out of
 * it. Letters need not be of the same case where there is no other name.
 */
export async function findInside(root: string, path: string): Promise<string> {
  let found: string[] = [];
  const parts = splitPath(path);
  for (let links = 0; parts.length > 0;) {
    const name = parts.shift()!;
    if (name === '..') {
      found.pop();
      continue;
    }
    const folder = join(root, ...found);
    const stats = await lstat(join(folder, name)).catch(() => undefined);
    if (stats === undefined) {
      const other = (await readdir(folder)).find((one) => one.toLowerCase() === name.toLowerCase());
      if (other === undefined || other === name) throw nodeError('ENOENT', `${path} is not there`);
      parts.unshift(other);
    } else if (stats.isSymbolicLink()) {
      if (++links > MAX_LINKS) throw nodeError('ELOOP', `${path} has too many links on its way`);
      const target = await readlink(join(folder, name));
      if (target.startsWith('/')) found = [];
      parts.unshift(...splitPath(target));
    } else found.push(name);
  }
  return join(root, ...found);
}

function splitPath(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function nodeError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Runs of bytes that differ, start and end; close ones together. */
function differences(before: Uint8Array, after: Uint8Array): [number, number][] {
  const runs: [number, number][] = [];
  for (let at = 0; at < after.length; at++) {
    if (before[at] === after[at]) continue;
    const last = runs.at(-1);
    if (last !== undefined && at - last[1] < 64) last[1] = at + 1;
    else runs.push([at, at + 1]);
  }
  return runs;
}

async function onFat(
  device: string,
  { files }: FileMending,
  problems: Map<string, Said>,
): Promise<Said | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-mend-'));
  try {
    for (const { path, after } of files) {
      const copy = join(folder, 'file');
      await writeFile(copy, after);
      const problem = await run('mcopy', ['-n', '-o', '-D', 'o', '-i', device, copy, `::${path}`]);
      if (problem !== undefined) problems.set(path, problem);
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[]): Promise<Said | undefined> {
  const env = { MTOOLS_SKIP_CHECK: '1' };
  const { code, problem } = await runProgram({ program, args, env, limitMs: LIMIT_MS });
  if (code === 0) return undefined;
  return problem === ''
    ? toolFailure(program, code, '')
    : toolFailure(program, -1, problem.split('\n').at(-1)!);
}
