/**
 * What became of a job file on a machine, kept beside the images: the next start of the same machine must not do
 * it all again.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describeMachine, type Outcome, type Report } from '../engine/index.ts';

export interface JobRecord {
  readonly id: string;
  readonly machine: string;
  readonly finishedAt: string;
  readonly outcome: Outcome;
  readonly reports: readonly Report[];
}

/** Where the record of job `id` on this machine is, in `repository`. */
async function recordPath(
  repository: string,
  id: string,
): Promise<{ folder: string; path: string; machine: string }> {
  const { hostname, id: firmwareId } = await describeMachine();
  const machine = firmwareId ?? hostname;
  const name = createHash('sha256').update(machine).digest('hex').slice(0, 16);
  const folder = join(repository, 'jobs', id);
  return { folder, path: join(folder, `${name}.json`), machine };
}

/** The record of an earlier run here; undefined if there was none. One that cannot be read counts as one. */
export async function readRecord(repository: string, id: string): Promise<Partial<JobRecord> | undefined> {
  const { path } = await recordPath(repository, id);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Partial<JobRecord>;
  } catch {
    return {};
  }
}

/** Writes the record durably, in place of an earlier one; its path. */
export async function writeRecord(
  repository: string,
  record: Omit<JobRecord, 'machine' | 'finishedAt'>,
): Promise<string> {
  const { folder, path, machine } = await recordPath(repository, record.id);
  await mkdir(folder, { recursive: true });
  const whole: JobRecord = { ...record, machine, finishedAt: new Date().toISOString() };
  const file = await open(`${path}.new`, 'w');
  try {
    await file.writeFile(`${JSON.stringify(whole, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const directory = await open(folder, 'r');
  try {
    // Some network file systems cannot; then what they promise by themselves has to do.
    await directory.sync().catch(() => undefined);
  } finally {
    await directory.close();
  }
  return path;
}
