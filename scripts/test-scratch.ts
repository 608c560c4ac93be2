/** Finds and removes what tests left in their scratch folder: mounts, loop devices, files. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asRoot } from './test-root.ts';

function execute(command: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile(command[0]!, command.slice(1), { timeout: 60_000 }, () => resolve());
  });
}

/** Mount points below `folder`, the innermost first. */
async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

/** Loop devices whose backing file lies (or lay) below `folder`, as [device, file]. */
async function loopsBelow(folder: string): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (const name of await readdir('/sys/block')) {
    const file = await readFile(join('/sys/block', name, 'loop/backing_file'), 'utf8').catch(() => '');
    if (file.startsWith(`${folder}/`)) found.push([`/dev/${name}`, file.trim()]);
  }
  return found;
}

/** Takes off what is left below `folder`, empties it, and names what it found. */
export async function cleanScratch(folder: string): Promise<string[]> {
  const left: string[] = [];
  for (const path of await mountsBelow(folder)) {
    left.push(`the mount ${path}`);
    await execute(asRoot(['umount', '--lazy', path], {}));
  }
  for (const [device, file] of await loopsBelow(folder)) {
    left.push(`the loop device ${device} of ${file}`);
    await execute(asRoot(['/sbin/losetup', '--detach', device], {}));
  }
  for (const name of await readdir(folder).catch(() => [])) {
    left.push(`the folder or file ${name}`);
    await execute(asRoot(['rm', '-rf', '--one-file-system', join(folder, name)], {}));
  }
  return left;
}
