/** A USB stick as people have them: one FAT32 partition with a label. Made, filled and read with the usual tools. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyFile } from './files.ts';
import { runTool } from './tool.ts';

const startMiB = 1;
const partition = (path: string): string => `${path}@@${startMiB}M`;

/** Makes the file `path` a stick that is empty but for its label; at least 34 MiB, since FAT32 wants so many clusters. */
export async function makeLabelledStick(path: string, label: string, sizeMiB = 256): Promise<string> {
  await rm(path, { force: true });
  await emptyFile(path, sizeMiB << 20);
  await runTool('sfdisk', ['--quiet', path], `label: dos\nstart=${startMiB}MiB, type=c\n`);
  const sizeKiB = String((sizeMiB - startMiB) * 1024);
  const offset = String((startMiB << 20) / 512);
  await runTool('mkfs.fat', ['-F', '32', '-n', label, '--offset', offset, path, sizeKiB]);
  return path;
}

/** Puts a file on the stick, in place of one of the same name, with the folders that it needs. */
export async function putOnStick(path: string, name: string, content: string | Uint8Array): Promise<void> {
  const work = await mkdtemp(`${path}-work-`);
  await writeFile(join(work, 'file'), content);
  const folders = name.split('/').slice(0, -1);
  for (const depth of folders.keys())
    await runTool('mmd', ['-D', 's', '-i', partition(path), `::${folders.slice(0, depth + 1).join('/')}`]);
  await runTool('mcopy', ['-o', '-i', partition(path), join(work, 'file'), `::${name}`]);
  await rm(work, { recursive: true });
}

/** The SHA-256 of every file below `folder` on the stick, by its path. */
export async function filesOnStick(path: string, folder: string): Promise<Readonly<Record<string, string>>> {
  const work = await mkdtemp(`${path}-work-`);
  try {
    await runTool('mcopy', ['-s', '-i', partition(path), `::${folder}`, work]);
    const entries = await readdir(work, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    const sums = files.sort().map(async (file) => {
      const sum = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      return [file.slice(work.length + 1), sum] as const;
    });
    return Object.fromEntries(await Promise.all(sums));
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The path of every file and folder on the stick. */
export async function listStick(path: string): Promise<string[]> {
  return (await runTool('mdir', ['-b', '-/', '-i', partition(path), '::'])).trim().split('\n');
}
