/** Brings the repository that a job file names within reach: a folder, or a file system that is mounted for the job. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { acquireWritable, describeDisks, PermafrostError, type Writable } from '../engine/index.ts';
import type { RepositoryRule } from './job-file.ts';

const execute = promisify(execFile);

export interface PlacedRepository {
  readonly path: string;
  /** Unmounts what was mounted for it. */
  readonly release: () => Promise<void>;
}

/** Throws `job-file/repository` if it cannot be told which one is meant, or it cannot be mounted. */
export async function placeRepository(rule: RepositoryRule, signal?: AbortSignal): Promise<PlacedRepository> {
  if ('path' in rule) return { path: rule.path, release: () => Promise.resolve() };
  const [key, wanted] = 'label' in rule ? (['label', rule.label] as const) : (['uuid', rule.uuid] as const);
  const words = `the file system with ${key === 'uuid' ? 'UUID' : 'label'} ${wanted}`;
  const fail = (problem: string): PermafrostError =>
    new PermafrostError('job-file/repository', { rule: words, problem });
  const folder = normalize(rule.folder);
  if (isAbsolute(folder) || folder.startsWith('..')) throw fail(`has no folder ${rule.folder} within it`);
  const devices = await devicesWith(key, wanted, signal);
  if (devices.length !== 1)
    throw fail(devices.length === 0 ? 'is not there' : `is not one: ${devices.join(', ')}`);
  const mountPoint = await mkdtemp(join(tmpdir(), 'permafrost-repository-'));
  let writable: Writable | undefined;
  try {
    writable = await acquireWritable(devices[0]!, { mountPoint });
    await execute('mount', ['-o', 'nosuid,nodev,noexec', devices[0]!, mountPoint]);
  } catch (error) {
    await writable?.release();
    await rmdir(mountPoint);
    throw fail(`cannot be mounted: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`);
  }
  const path = join(mountPoint, folder);
  const release = async (): Promise<void> => {
    await execute('umount', [mountPoint]);
    await writable.release();
    await rmdir(mountPoint);
  };
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    await release();
    throw fail(`cannot hold the folder ${folder}: ${(error as Error).message}`);
  }
  return { path, release };
}

async function devicesWith(
  key: 'label' | 'uuid',
  wanted: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const same = (value: string | undefined): boolean =>
    key === 'uuid' ? value?.toLowerCase() === wanted.toLowerCase() : value === wanted;
  return (await describeDisks(signal)).flatMap(({ disk, regions }) =>
    regions
      .filter(({ fileSystem }) => same(fileSystem[key]))
      .map(({ partitions }) => {
        const [number] = partitions;
        if (number === undefined) return disk.path;
        return disk.partitions.find((partition) => partition.number === number)?.path ?? disk.path;
      }),
  );
}
