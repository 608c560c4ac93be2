/** Reads small text files of a file system that nobody has mounted, without changing a byte of it. */
import { constants } from 'node:fs';
import { open, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { MOST_JOB_FILE_BYTES } from './job-file.ts';
import { makePlaceFolder } from './place-folder.ts';
import { asIs, runProgram, say, type Said } from '../engine/index.ts';

/** One of the files that were looked for and exist. */
export type ReadText = { readonly path: string } & ({ readonly text: string } | { readonly problem: Said });

const MOUNT_LIMIT_MS = 60_000;

/** So that no driver replays a journal: that would write, and a disk is not this reader's to mend. */
const quiet: Readonly<Record<string, string>> = {
  ext3: 'noload',
  ext4: 'noload',
  xfs: 'norecovery',
  btrfs: 'rescue=nologreplay',
  f2fs: 'norecovery',
  nilfs2: 'norecovery',
};

/** Options of `mount` with which a file system of this kind can be read and is not changed. */
export function untouchedOptions(kind: string): string {
  return ['ro', ...(quiet[kind] === undefined ? [] : [quiet[kind]]), 'nosuid,nodev,noexec'].join(',');
}

/** Those of `paths` (from the root) that exist, in their order; a problem where it cannot be mounted. */
export async function readFromFileSystem(
  device: string,
  kind: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadText[] | { readonly problem: Said }> {
  const folder = await makePlaceFolder(runProgram);
  try {
    const options = untouchedOptions(kind);
    const { code, problem } = await runProgram(
      { program: 'mount', args: ['-o', options, '--', device, folder.mountPoint], limitMs: MOUNT_LIMIT_MS },
      signal,
    );
    if (code !== 0) return { problem: asIs(problem.replaceAll(/\s+/g, ' ')) };
    folder.mounted();
    const texts: ReadText[] = [];
    for (const path of paths) {
      const text = await readBelow(folder.mountPoint, path);
      if (text !== undefined) texts.push({ path, ...text });
    }
    return texts;
  } finally {
    await folder.remove();
  }
}

/** A regular file below `root`, wherever links lead; undefined if there is none. */
export async function readBelow(
  root: string,
  path: string,
): Promise<{ readonly text: string } | { readonly problem: Said } | undefined> {
  const real = await realpath(join(root, path)).catch(() => undefined);
  if (real === undefined) return undefined;
  if (!real.startsWith(`${await realpath(root)}/`)) return { problem: say('boot-job/link') };
  try {
    // Not to wait on a pipe that bears the name.
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return { problem: say('boot-job/no-ordinary-file') };
      if (stats.size > MOST_JOB_FILE_BYTES)
        return { problem: say('boot-job/file-too-large', { mostBytes: MOST_JOB_FILE_BYTES }) };
      const bytes = Buffer.alloc(MOST_JOB_FILE_BYTES);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return { text: bytes.toString('utf8', 0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { problem: asIs((error as Error).message) };
  }
}

/** The device that the rescue environment was started from. */
export async function readMedium(): Promise<string | undefined> {
  const text = await readFile('/run/permafrost/boot', 'utf8').catch(() => '');
  return /^medium=(\/dev\/\S+)$/m.exec(text)?.[1];
}
