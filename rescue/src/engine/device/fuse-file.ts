/**
 * Bytes that only this process has, as a file that programs of others can open: the root of a FUSE file system is a
 * regular file, and this process answers for it (Linux include/uapi/linux/fuse.h, protocol 7.31). Needs root.
 */
import { asIs } from '../base/remarks.ts';
import { mkdtemp, open, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PermafrostError } from '../base/errors.ts';
import { runProgram } from './run-program.ts';

/** What the file holds. Calls come one after the other; what they throw becomes an I/O error of the program. */
export interface ServedBytes {
  readonly sizeBytes: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** `bytes` are only good until the promise resolves. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
}

/** How long mounting and its end may take. */
const PATIENCE_MS = 30_000;

/** Its major and minor number (Documentation/admin-guide/devices.txt), as Node has them. */
const FUSE_DEVICE = (10 << 8) | 229;

const IN_HEADER_BYTES = 40;
const OUT_HEADER_BYTES = 16;
const WRITE_HEADER_BYTES = IN_HEADER_BYTES + 40;
/** What a program writes in one request at most: 256 pages. */
const MOST_WRITE_BYTES = 1024 * 1024;

const operations = {
  forget: 2,
  getAttributes: 3,
  setAttributes: 4,
  open: 14,
  read: 15,
  write: 16,
  release: 18,
  syncFile: 20,
  flush: 25,
  init: 26,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
} as const;

const ENOSPC = 28;
const EIO = 5;
const ENOSYS = 38;

const BIG_WRITES = 1 << 5;
const MAX_PAGES = 1 << 22;
/** Nothing of the file stays in the page cache: what was written is here when the program's call returns. */
const DIRECT_IO = 1;

/** Whether this system has FUSE; whether it lets this process mount is only found out by {@link withServedFile}. */
export async function hasFuse(): Promise<boolean> {
  try {
    const { rdev } = await stat('/dev/fuse');
    if (rdev !== FUSE_DEVICE) return false;
    await (await open('/dev/fuse', 'r+')).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Calls `work` with the path of a file that holds `bytes`; it is gone when this resolves. Throws `layout/no-overlay`
 * where the system does not let this process have it, and what `work` throws.
 */
export async function withServedFile<T>(bytes: ServedBytes, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-overlay-'));
  const path = join(folder, 'file-system');
  try {
    await writeFile(path, '');
    const connection = await connect();
    let served: Promise<void> | undefined;
    try {
      await mount(connection, path);
      served = serve(connection, bytes);
      return await work(path);
    } finally {
      if (served === undefined) await connection.close();
      else {
        await runProgram({ program: 'umount', args: ['--lazy', path], limitMs: PATIENCE_MS });
        // A program that hangs in the kernel may have it open for ever.
        await Promise.race([
          served.then(() => connection.close()),
          setTimeout(PATIENCE_MS, 0, { ref: false }),
        ]);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function mount(connection: FileHandle, path: string): Promise<void> {
  const options = 'fd=3,rootmode=100600,user_id=0,group_id=0';
  const { code, problem } = await runProgram({
    program: 'mount',
    args: ['-i', '-t', 'fuse', '-o', options, 'permafrost', path],
    limitMs: PATIENCE_MS,
    files: [connection.fd],
  });
  if (code !== 0) throw new PermafrostError('layout/no-overlay', { problem: asIs(problem) });
}

async function connect(): Promise<FileHandle> {
  try {
    return await open('/dev/fuse', 'r+');
  } catch (error) {
    throw new PermafrostError(
      'layout/no-overlay',
      { problem: asIs((error as Error).message) },
      { cause: error },
    );
  }
}

/** Answers until the file is unmounted. */
async function serve(connection: FileHandle, bytes: ServedBytes): Promise<void> {
  const request = Buffer.alloc(WRITE_HEADER_BYTES + MOST_WRITE_BYTES + 4096);
  for (;;) {
    let length: number;
    try {
      length = (await connection.read(request, 0, request.length, null)).bytesRead;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENODEV') return;
      // ENOENT: the request was taken back before it could be read.
      if (code === 'EINTR' || code === 'EAGAIN' || code === 'ENOENT') continue;
      throw error;
    }
    const reply = await answer(request.subarray(0, length), bytes);
    if (reply === undefined) continue;
    await connection.write(reply).catch((error: unknown) => {
      // Whoever asked is gone.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
}

/** The reply to a request; undefined where none is expected. */
async function answer(request: Buffer, bytes: ServedBytes): Promise<Buffer | undefined> {
  const operation = request.readUInt32LE(4);
  const unique = request.readBigUInt64LE(8);
  const reply = (body: Uint8Array, error = 0): Buffer => {
    const header = Buffer.alloc(OUT_HEADER_BYTES);
    header.writeUInt32LE(OUT_HEADER_BYTES + body.length, 0);
    header.writeInt32LE(-error, 4);
    header.writeBigUInt64LE(unique, 8);
    return Buffer.concat([header, body]);
  };
  const nothing = Buffer.alloc(0);
  try {
    switch (operation) {
      case operations.forget:
      case operations.batchForget:
      case operations.interrupt:
        return undefined;
      case operations.init:
        return reply(encodeInit());
      case operations.getAttributes:
      case operations.setAttributes:
        return reply(encodeAttributes(bytes.sizeBytes));
      case operations.open:
        return reply(encodeOpen());
      case operations.read:
        return reply(await readPart(request, bytes));
      case operations.write:
        return reply(await writePart(request, bytes));
      case operations.release:
      case operations.syncFile:
      case operations.flush:
      case operations.destroy:
        return reply(nothing);
      default:
        return reply(nothing, ENOSYS);
    }
  } catch (error) {
    const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    return reply(nothing, isFull ? ENOSPC : EIO);
  }
}

function encodeInit(): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(7, 0);
  body.writeUInt32LE(31, 4);
  body.writeUInt32LE(MOST_WRITE_BYTES, 8); // read ahead
  body.writeUInt32LE(BIG_WRITES | MAX_PAGES, 12);
  body.writeUInt16LE(1, 16); // requests in the background
  body.writeUInt16LE(1, 18);
  body.writeUInt32LE(MOST_WRITE_BYTES, 20);
  body.writeUInt32LE(1, 24); // granularity of times, ns
  body.writeUInt16LE(MOST_WRITE_BYTES / 4096, 28);
  return body;
}

function encodeAttributes(sizeBytes: number): Buffer {
  const body = Buffer.alloc(104);
  body.writeBigUInt64LE(3600n, 0); // seconds for which this holds
  const attributes = body.subarray(16);
  attributes.writeBigUInt64LE(1n, 0); // inode
  attributes.writeBigUInt64LE(BigInt(sizeBytes), 8);
  attributes.writeBigUInt64LE(BigInt(Math.ceil(sizeBytes / 512)), 16);
  attributes.writeUInt32LE(0o100600, 60);
  attributes.writeUInt32LE(1, 64); // links
  attributes.writeUInt32LE(4096, 80); // block size
  return body;
}

function encodeOpen(): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(DIRECT_IO, 8);
  return body;
}

function readPart(request: Buffer, bytes: ServedBytes): Promise<Uint8Array> {
  const offset = Number(request.readBigUInt64LE(IN_HEADER_BYTES + 8));
  const wanted = request.readUInt32LE(IN_HEADER_BYTES + 16);
  const length = Math.max(0, Math.min(wanted, bytes.sizeBytes - offset));
  return length === 0 ? Promise.resolve(new Uint8Array(0)) : bytes.read(offset, length);
}

async function writePart(request: Buffer, bytes: ServedBytes): Promise<Buffer> {
  const offset = Number(request.readBigUInt64LE(IN_HEADER_BYTES + 8));
  const length = request.readUInt32LE(IN_HEADER_BYTES + 16);
  if (offset + length > bytes.sizeBytes) throw Object.assign(new Error('beyond the end'), { code: 'ENOSPC' });
  await bytes.write(offset, request.subarray(WRITE_HEADER_BYTES, WRITE_HEADER_BYTES + length));
  const body = Buffer.alloc(8);
  body.writeUInt32LE(length, 0);
  return body;
}
