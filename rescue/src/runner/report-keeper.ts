/** Keeps the report of each run as a JSON file: in a folder of this machine, and beside the images. */
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '../engine/index.ts';
import { writeDurably } from '../unattended/write-durably.ts';

/** Names a run in the order of time; plain enough for any file system. */
export function newRunId(kind: string, now = new Date()): string {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${time}-${kind}-${randomBytes(2).toString('hex')}`;
}

/**
 * Writes `report` into each of `folders`, made if need be; the paths of what was written. Never throws: what a job did
 * does not depend on it.
 */
export async function keepReport(id: string, report: Report, folders: readonly string[]): Promise<string[]> {
  const text = `${JSON.stringify({ id, ...report }, null, 2)}\n`;
  const paths: string[] = [];
  for (const place of folders) {
    try {
      await writeDurably(place, `${id}.json`, text);
      paths.push(join(place, `${id}.json`));
    } catch {
      // A share that may only be read, a full disk: the other place has it, and the screen.
    }
  }
  return paths;
}

/** Where the repository at `path` keeps reports; none where there is no repository. */
export async function repositoryReports(path: string): Promise<string[]> {
  return access(join(path, 'permafrost.json')).then(
    () => [join(path, 'reports')],
    () => [],
  );
}
