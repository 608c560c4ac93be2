/** Gathers what somebody needs who shall find out what went wrong: logs, reports, disks, versions. No secrets. */
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { arch, release, version } from 'node:os';
import { join } from 'node:path';
import {
  addLimits,
  describeDisks,
  PermafrostError,
  PROGRAM,
  runProgram,
  stateFolder,
} from '../engine/index.ts';
import { errorReportOf } from './run-view.ts';

/** Files of the rescue environment's own, below its state folder. */
const STATE_FILES = ['log', 'reports', 'times', 'boot', 'run.json', 'runner-end', 'runner-output'];

/** Writes a new folder into `folder`; its path. What cannot be had is left out. Throws `repository/failed` if nothing can be written. */
export async function saveLogs(folder: string, now = new Date()): Promise<string> {
  const name = `permafrost-logs-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const path = join(folder, name);
  try {
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    await mkdir(path);
    for (const file of STATE_FILES)
      await cp(join(stateFolder, file), join(path, file), { recursive: true }).catch(throwUnlessMissing);
    await writeFile(join(path, 'versions.txt'), await versions());
    await writeFile(join(path, 'disks.json'), await disks());
    const { stdout, problem } = await runProgram({ program: 'dmesg', args: [], limitMs: 10_000 });
    await writeFile(join(path, 'dmesg.txt'), stdout === '' ? `${problem}\n` : stdout);
  } catch (error) {
    const { syscall = 'write', code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new PermafrostError('repository/failed', { path, syscall, errno: code }, { cause: error });
  }
  // Sticks are pulled out.
  await runProgram({ program: 'sync', args: ['-f', path], limitMs: 60_000 });
  return path;
}

async function versions(): Promise<string> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const commandLine = await readFile('/proc/cmdline', 'utf8').catch(() => '');
  const places = await readdir(join(stateFolder, 'places')).catch(() => []);
  return [
    PROGRAM,
    `Linux ${release()} ${arch()} ${version()}`,
    // An address can hold a password.
    `command line: ${commandLine.trim().replaceAll(/\/\/[^/\s@]*@/g, '//***@')}`,
    `places: ${places.length}`,
    system,
  ].join('\n');
}

async function disks(): Promise<string> {
  try {
    return `${JSON.stringify(await addLimits(await describeDisks()), null, 2)}\n`;
  } catch (error) {
    return `${JSON.stringify(errorReportOf(error), null, 2)}\n`;
  }
}

function throwUnlessMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
