/** Which folders of a place hold images: looked for two folders deep, and not for ever. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundRepository } from '../flow/parts.ts';
import { folderBelow } from '../screens/place-words.ts';

const DESCRIPTION = 'permafrost.json';
const MAX_DEPTH = 2;
/** Folders that are looked into: a share may have very many. */
const MAX_FOLDERS = 2000;

/** The repositories at or below `root`, in the order of their paths. What cannot be read is passed over. */
export async function findRepositories(root: string, signal: AbortSignal): Promise<FoundRepository[]> {
  const found: FoundRepository[] = [];
  let left = MAX_FOLDERS;
  const look = async (path: string, depth: number): Promise<void> => {
    if (left-- <= 0 || signal.aborted) return;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    if (entries.some((entry) => entry.name === DESCRIPTION && entry.isFile())) {
      found.push({ path, folder: folderBelow(root, path), images: await countImages(path) });
      return;
    }
    if (depth === MAX_DEPTH) return;
    for (const entry of entries) if (entry.isDirectory()) await look(join(path, entry.name), depth + 1);
  };
  await look(root, 0);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function countImages(path: string): Promise<number> {
  const names = await readdir(join(path, 'images')).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).length;
}
