/**
 * What became of a job file on a machine, kept beside the images: the next start of the same machine must not do
 * it all again, and goes on where a power cut ended it.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  machineName,
  PermafrostError,
  PROGRAM,
  type Outcome,
  type ProcessIdentity,
  type Report,
} from '../engine/index.ts';
import { writeDurably } from './write-durably.ts';

export interface JobRecord {
  readonly id: string;
  readonly machine: string;
  readonly program: string;
  /** `started` until the last step has ended. */
  readonly state: 'started' | 'finished';
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** Who carries it out. */
  readonly owner?: ProcessIdentity;
  /** That of all; absent while it runs. */
  readonly outcome?: Outcome;
  /** What was asked for, as a digest: a changed file is another job. */
  readonly fileDigest: string;
  /** Number of steps that have ended, and whether the next one has begun. */
  readonly stepsDone: number;
  readonly stepBegun: boolean;
  /** Where the step that has begun overwrites disks. */
  readonly overwriting: readonly string[];
  readonly reports: readonly Report[];
}

/** The record of an earlier run here, or one that says nothing but that there was one. */
export type EarlierRecord = JobRecord | { readonly state: 'unreadable' };

/** A record is read into memory whole; a larger one is none of ours. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Where the record of job `id` on this machine is, in `repository`. */
async function recordPath(
  repository: string,
  id: string,
): Promise<{ folder: string; path: string; machine: string }> {
  const machine = await machineName();
  const name = createHash('sha256').update(machine).digest('hex').slice(0, 16);
  const folder = join(repository, 'jobs', id);
  return { folder, path: join(folder, `${name}.json`), machine };
}

/** The record of an earlier run here; undefined if there was none. One that cannot be understood counts as one. */
export async function readRecord(repository: string, id: string): Promise<EarlierRecord | undefined> {
  const { path } = await recordPath(repository, id);
  let text: string;
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > MOST_BYTES) return { state: 'unreadable' };
      text = await readFile(file, 'utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure(error, path);
  }
  try {
    return parseRecord(JSON.parse(text));
  } catch {
    return { state: 'unreadable' };
  }
}

function parseRecord(data: unknown): EarlierRecord {
  const { state, outcome, finishedAt, stepsDone, fileDigest, reports, overwriting } =
    data as Partial<JobRecord>;
  // Those of earlier versions had no state, and were written at the end only.
  if (state === undefined && typeof outcome === 'string' && typeof finishedAt === 'string')
    return { ...(data as JobRecord), state: 'finished' };
  const isWhole =
    (state === 'finished' && typeof outcome === 'string') ||
    (state === 'started' &&
      Number.isSafeInteger(stepsDone) &&
      stepsDone! >= 0 &&
      typeof fileDigest === 'string' &&
      Array.isArray(overwriting) &&
      Array.isArray(reports));
  return isWhole ? (data as JobRecord) : { state: 'unreadable' };
}

/** Writes the record durably, in place of an earlier one; its path. Throws `repository/failed`. */
export async function writeRecord(
  repository: string,
  record: Omit<JobRecord, 'machine' | 'program'>,
): Promise<string> {
  const { folder, path, machine } = await recordPath(repository, record.id);
  const whole: JobRecord = { ...record, machine, program: PROGRAM };
  try {
    await writeDurably(folder, basename(path), `${JSON.stringify(whole, null, 2)}\n`);
  } catch (error) {
    throw failure(error, path);
  }
  return path;
}

/** Not told by errors: to make a folder on a file system that may only be read can fail as if its parent were missing. */
export async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    (error: unknown) => !['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''),
  );
}

function failure(error: unknown, path: string): PermafrostError {
  const { syscall = 'write', code = 'EIO' } = error as NodeJS.ErrnoException;
  return new PermafrostError('repository/failed', { path, syscall, errno: code }, { cause: error });
}
