/** A USB stick as people have them: one FAT32 partition with a label. Made and filled with the usual tools. */
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../rescue/test/support/command.ts';

const sizeMiB = 1024;
const startMiB = 1;

/** Makes the file `path` a stick that is empty but for its label. */
export async function makeStick(path: string, label: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, '');
  await truncate(path, sizeMiB << 20);
  await run('sfdisk', ['--quiet', path], { input: `label: dos\nstart=${startMiB}MiB, type=c\n` });
  const sizeKiB = (sizeMiB - startMiB) * 1024;
  const offset = String((startMiB << 20) / 512);
  await run('mkfs.fat', ['-F', '32', '-n', label, '--offset', offset, path, String(sizeKiB)]);
}

/** Puts a text on the stick, in place of one of the same name. */
export async function putOnStick(path: string, name: string, text: string, work: string): Promise<void> {
  const copy = join(work, name);
  await writeFile(copy, text);
  await run('mcopy', ['-o', '-i', `${path}@@${startMiB}M`, copy, `::${name}`]);
  await rm(copy);
}
