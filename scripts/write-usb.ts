/**
 * `make usb DISK=/dev/sdX`: writes the bootable image to a stick, reads it back, and makes an exFAT partition with the
 * label PERMAFROST of the rest, for images and job files. Everything on the stick is lost.
 * Usage: node scripts/write-usb.ts DISK [--iso FILE] [--yes] [--force --force]
 *   --yes    do not ask
 *   --force  given twice: also a disk that is mounted (it is unmounted), or not removable
 */
import { constants } from 'node:fs';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { run } from '../rescue/test/support/command.ts';
import { describeTarget, lsblkColumns, mountsOf, objectionsTo, type BlockDevice } from './usb-target.ts';

const pieceBytes = 4 << 20;
const leastRestBytes = 64 << 20;
/** Microsoft basic data: what Windows, macOS and Linux all take exFAT to be. */
const partitionType = 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7';
const label = 'PERMAFROST';

class Refusal extends Error {}

async function inspect(path: string): Promise<BlockDevice> {
  const { code, stdout, stderr } = await run('lsblk', ['--json', '--bytes', '--output', lsblkColumns, path], {
    accept: [0, 1, 32, 64],
  });
  const found =
    code === 0 ? (JSON.parse(stdout) as { blockdevices: BlockDevice[] }).blockdevices[0] : undefined;
  if (found === undefined) throw new Refusal(`${path} is no disk of this machine: ${stderr.trim()}`);
  // eMMC says MMC here, a card SD.
  const kind = await readFile(`/sys/class/block/${basename(found.path)}/device/type`, 'utf8').catch(() => '');
  return { ...found, isSoldered: kind.trim() === 'MMC' };
}

/** Opens the image; refuses what is no ISO. It stays open: one that lies on the target itself keeps that from being unmounted. */
async function openImage(path: string): Promise<FileHandle> {
  const file = await open(path).catch(() => {
    throw new Refusal(`There is no ${path}: \`make iso\` builds it.`);
  });
  const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 32768);
  if (buffer.toString('latin1') !== '\x01CD001') throw new Refusal(`${path} is no bootable image.`);
  return file;
}

async function unmount(disk: BlockDevice): Promise<void> {
  for (const mount of mountsOf(disk))
    await run('umount', [mount]).catch((error: unknown) => {
      throw new Refusal(
        `${mount} cannot be unmounted: something on it is in use, which the image itself would be.\nNothing was written. ${(error as Error).message}`,
      );
    });
}

async function confirm(disk: BlockDevice): Promise<void> {
  if (!process.stdin.isTTY) throw new Refusal('Nobody is there to ask. --yes writes without asking.');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(`Everything on it will be lost. To go on, type ${disk.path}: `);
  lines.close();
  if (answer.trim() !== disk.path) throw new Refusal('Nothing was written.');
}

function progress(what: string, done: number, total: number): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${what}: ${Math.floor((100 * done) / total)} % `);
}

/** Calls `act` with each piece of the image and its place. */
async function forEachPiece(
  image: FileHandle,
  sizeBytes: number,
  what: string,
  act: (piece: Buffer, at: number) => Promise<void>,
): Promise<void> {
  const buffer = Buffer.alloc(pieceBytes);
  for (let at = 0; at < sizeBytes;) {
    const { bytesRead } = await image.read(buffer, 0, pieceBytes, at);
    if (bytesRead === 0) throw new Error('the image became shorter while it was read');
    await act(buffer.subarray(0, bytesRead), at);
    at += bytesRead;
    progress(what, at, sizeBytes);
  }
  console.log(`${process.stdout.isTTY ? '\r' : ''}${what}: done (${(sizeBytes / 1e6).toFixed(0)} MB)`);
}

/** Writes all of a piece, however little one call takes. */
async function writeAll(file: FileHandle, piece: Buffer, at: number): Promise<void> {
  for (let done = 0; done < piece.length;) {
    const { bytesWritten } = await file.write(piece, done, piece.length - done, at + done);
    done += bytesWritten;
  }
}

/** Writes and reads back. As long as it runs nothing else can mount the disk or any part of it. */
async function writeImage(image: FileHandle, sizeBytes: number, disk: string): Promise<void> {
  const target = await open(disk, constants.O_RDWR | constants.O_EXCL).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY')
      throw new Refusal(`${disk} is in use. Nothing was written.`);
    throw error;
  });
  try {
    await forEachPiece(image, sizeBytes, 'writing', (piece, at) => writeAll(target, piece, at));
    await target.sync();
    // What is read back has to come from the stick.
    await run('blockdev', ['--flushbufs', disk]);
    const back = Buffer.alloc(pieceBytes);
    await forEachPiece(image, sizeBytes, 'reading back', async (piece, at) => {
      const { bytesRead } = await target.read(back, 0, piece.length, at);
      if (bytesRead !== piece.length || !back.subarray(0, bytesRead).equals(piece))
        throw new Error(
          `${disk} does not hold what was written to it (near byte ${at}). The stick is broken, or larger on its label than in truth.`,
        );
    });
  } finally {
    await target.close();
  }
}

/** The partition that begins last. */
async function lastPartition(disk: string): Promise<{ node: string; start: number }> {
  const { stdout } = await run('sfdisk', ['--json', disk]);
  const table = JSON.parse(stdout) as { partitiontable: { partitions: { node: string; start: number }[] } };
  return table.partitiontable.partitions.sort((a, b) => a.start - b.start).at(-1)!;
}

async function useRest(disk: string): Promise<string> {
  await run('sfdisk', ['--quiet', '--append', '--no-reread', '--no-tell-kernel', disk], {
    input: `type=${partitionType}, name=${label}\n`,
  });
  const { node } = await lastPartition(disk);
  // The kernel may have begun to read the table itself, or may not be able to.
  await run('partx', ['--update', disk], { accept: [0, 1] });
  for (let tries = 0; tries < 50; tries++) {
    const there = await stat(node).catch(() => undefined);
    if (there?.isBlockDevice() === true) break;
    await sleep(100);
  }
  await run('wipefs', ['--all', '--quiet', node]);
  await run('mkfs.exfat', ['-L', label, node]);
  return node;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      iso: { type: 'string', default: 'dist/permafrost.iso' },
      yes: { type: 'boolean', default: false },
      force: { type: 'boolean', multiple: true, default: [] },
    },
  });
  const [path] = positionals;
  if (path === undefined || path === '' || positionals.length > 1)
    throw new Refusal('Name the disk: make usb DISK=/dev/sdX (lsblk lists them).');
  const image = await openImage(values.iso);
  const { size: imageBytes } = await image.stat();
  const disk = await inspect(path);
  console.log(`${values.iso} is to be written to\n${describeTarget(disk).join('\n')}`);
  const insists = values.force.length >= 2;
  const objections = objectionsTo(disk, imageBytes).filter(({ overridable }) => !(overridable && insists));
  if (objections.length > 0) {
    const how = objections.every(({ overridable }) => overridable)
      ? '\nIf it is the right disk all the same: --force --force (make usb DISK=… FORCE=2).'
      : '';
    throw new Refusal(`${objections.map(({ text }) => text).join('\n')}\nNothing was written.${how}`);
  }
  if (process.getuid?.() !== 0) throw new Refusal('Only root can write to a disk: sudo make usb DISK=…');
  if (!values.yes) await confirm(disk);
  await unmount(disk);
  // Old signatures at the end of the disk would outlive the image. Refuses a disk that is in use.
  await run('wipefs', ['--all', '--quiet', disk.path]);
  await writeImage(image, imageBytes, disk.path);
  await image.close();
  console.log(`${disk.path} starts a PC now.`);
  if (disk.size - imageBytes < leastRestBytes) {
    console.log('Too little is left of it for a partition of its own.');
    return;
  }
  const node = await useRest(disk.path).catch((error: unknown) => {
    throw new Error(
      `The rest of the stick could not be made a partition, which does not matter to starting: ${(error as Error).message}`,
    );
  });
  await run('sync', []);
  console.log(`${node} is an empty exFAT partition with the label ${label}, for images and job files.`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof Refusal ? 2 : 1;
}
