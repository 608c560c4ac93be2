/** Looks at the files that `permafrost-vm` was given before a machine is started: what is wrong is said at once. */
import { constants } from 'node:fs';
import { access, open, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError, type CliOptions } from './cli-options.ts';
import type { Disk } from './disks.ts';

/** Of a job file; the guest takes no more either. */
const MOST_JOB_BYTES = 256 * 1024;

/** The text of the job file. Throws {@link UsageError} for it and for every other file that cannot serve. */
export async function checkFiles(options: CliOptions, iso: string): Promise<string> {
  const text = await readJob(options.jobPath);
  await checkIso(iso);
  const seen = new Map<string, string>();
  for (const disk of options.disks) {
    const { dev, ino } = await checkDisk(disk);
    const key = `${dev}:${ino}`;
    if (seen.has(key)) throw new UsageError(`--disk ${disk.path} is the same file as ${seen.get(key)}`);
    seen.set(key, disk.path);
  }
  for (const [option, path] of [
    ['--screenshot', options.screenshot],
    ['--serial-log', options.serialLog],
  ] as const) {
    if (path === undefined) continue;
    await access(dirname(resolve(path)), constants.W_OK).catch((error: unknown) => {
      throw new UsageError(`the folder of ${option} ${path} ${problemOf(error)}`);
    });
  }
  return text;
}

async function readJob(path: string): Promise<string> {
  const size = await stat(path).then(
    (file) => (file.isDirectory() ? fail('--job', path, 'is a folder') : file.size),
    (error: unknown) => fail('--job', path, problemOf(error)),
  );
  if (size > MOST_JOB_BYTES)
    fail('--job', path, `is larger than a job file may be (${MOST_JOB_BYTES / 1024} KiB)`);
  const text = await readFile(path, 'utf8').catch((error: unknown) => fail('--job', path, problemOf(error)));
  return text.trim() === '' ? fail('--job', path, 'is empty') : text;
}

async function checkDisk(disk: Disk): Promise<{ dev: number; ino: number }> {
  const { path, format, sectorSizeBytes = 512, readOnly = false } = disk;
  const file = await stat(path).catch((error: unknown) => {
    const hint = isMissing(error) ? `; an empty disk is made by: truncate -s 64G ${path}` : '';
    return fail('--disk', path, problemOf(error) + hint);
  });
  if (!file.isFile() && !file.isBlockDevice()) fail('--disk', path, 'is no file that could be a disk');
  // The guest would be free to write to it, whatever this system does with it.
  if (file.isBlockDevice() && !readOnly)
    fail('--disk', path, 'is a device of this machine, which is lent with read-only=yes alone');
  await access(path, constants.R_OK | (readOnly ? 0 : constants.W_OK)).catch((error: unknown) =>
    fail('--disk', path, `${problemOf(error)}${readOnly ? '' : ' (read-only=yes needs it to be read only)'}`),
  );
  if (file.isFile()) {
    const isQcow2 = (await bytesAt(path, 0, 4)).toString('latin1') === 'QFI\xfb';
    if (isQcow2 && format !== 'qcow2') fail('--disk', path, 'is a qcow2 file: add format=qcow2');
    if (!isQcow2 && format === 'qcow2') fail('--disk', path, 'is no qcow2 file');
    if (file.size === 0) fail('--disk', path, `is empty; it is given a size by: truncate -s 64G ${path}`);
    if (!isQcow2 && file.size % sectorSizeBytes !== 0)
      fail(
        '--disk',
        path,
        `has ${file.size} bytes, which is no whole number of sectors of ${sectorSizeBytes} bytes`,
      );
  }
  return file;
}

/** ECMA-119: descriptors of 2048 bytes from the sixteenth sector on; El Torito's, which makes it start, is the second. */
async function checkIso(path: string): Promise<void> {
  const bytes = await bytesAt(path, 16 * 2048, 2 * 2048).catch((error: unknown) =>
    fail('--iso', path, problemOf(error)),
  );
  const text = (from: number, length: number): string => bytes.toString('latin1', from, from + length);
  if (text(1, 5) !== 'CD001') fail('--iso', path, 'is no image of a disc');
  if (text(2048 + 7, 23) !== 'EL TORITO SPECIFICATION')
    fail('--iso', path, 'is nothing that a machine starts from');
  if (!text(40, 32).startsWith('PERMAFROST')) fail('--iso', path, 'is the image of another system');
}

async function bytesAt(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    await file.read(bytes, 0, length, offset);
    return bytes;
  } finally {
    await file.close();
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

function problemOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'is not there';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'may not be opened so by this user';
    case 'EISDIR':
      return 'is a folder';
    default:
      return message;
  }
}

function fail(option: string, path: string, problem: string): never {
  throw new UsageError(`${option} ${path} ${problem}`);
}
