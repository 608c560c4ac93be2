/**
 * What is on the disk after a power cut: rebuilds a folder from a faultfs log with everything that was not
 * fsynced forgotten, kept, or torn to pieces.
 *
 * The model is as strict as POSIX lets a file system be. Bytes and sizes are durable once the file was synced
 * (fsync or fdatasync); a name, or its absence, once its folder was. Until then each change may have reached
 * the disk or not, independently of the others, and a write may have reached it sector by sector.
 */
import { link, mkdir, open, readlink, symlink, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import type { ContentChange, OperationLog } from './power-cut-log.ts';
import { PowerCutModel, setName, type File, type Folder, type NameChange } from './power-cut-model.ts';
import { noise } from './scratch.ts';

export interface CutPolicy {
  /** Of bytes that were not synced: none, all, or each write by itself kept, lost, torn or turned to garbage. */
  readonly writes: 'lost' | 'kept' | 'random';
  /** Of names that were not synced: none, all, all up to a random moment (a journal), or each by itself. */
  readonly names: 'lost' | 'kept' | 'prefix' | 'random';
  /** Whether the old and the new name of a rename share their fate. FAT does not promise it. */
  readonly renames: 'whole' | 'split';
}

export const cutPolicies = {
  /** Only what was synced is there. */
  forgetful: { writes: 'lost', names: 'lost', renames: 'whole' },
  /** Everything is there: what a crash of the program alone leaves. */
  orderly: { writes: 'kept', names: 'kept', renames: 'whole' },
  /** Names in the order of a journal, bytes in none: ext4 and its kin. */
  journal: { writes: 'random', names: 'prefix', renames: 'whole' },
  /** No order at all, and renames done by halves: FAT and exFAT. */
  chaos: { writes: 'random', names: 'random', renames: 'split' },
} as const satisfies Record<string, CutPolicy>;

const sectorBytes = 512;

/** A seeded source of numbers in [0, 1) (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Which of a folder's names are on the disk. */
function survivingNames(folder: Folder, keeps: (change: NameChange) => boolean): Map<string, number> {
  const names = new Map(folder.durable);
  for (const change of folder.pending) if (keeps(change)) setName(names, change.name, change.id);
  return names;
}

function nameKeeper(policy: CutPolicy, cut: number, random: () => number): (change: NameChange) => boolean {
  if (policy.names === 'lost' || policy.names === 'kept') {
    const kept = policy.names === 'kept';
    return () => kept;
  }
  if (policy.names === 'prefix') {
    const last = Math.floor(random() * (cut + 1));
    return (change) => change.index < last;
  }
  const decided = new Map<NameChange, boolean>();
  return (change) => {
    const fate = (change.twin && decided.get(change.twin)) ?? random() < 0.5;
    decided.set(change, fate);
    return fate;
  };
}

type Write = Extract<ContentChange, { op: 'write' }>;

async function applyWhole(file: FileHandle, data: FileHandle, change: ContentChange): Promise<void> {
  if (change.op === 'write') await file.write(await readData(data, change), 0, change.length, change.at);
  else if (change.op === 'truncate') await file.truncate(change.at);
  else await writeZeros(file, change.at, change.length);
}

async function readData(data: FileHandle, change: Write): Promise<Buffer> {
  const bytes = Buffer.alloc(change.length);
  const { bytesRead } = await data.read(bytes, 0, change.length, change.data);
  if (bytesRead !== change.length) throw new Error('data.bin is shorter than the log says');
  return bytes;
}

async function writeZeros(file: FileHandle, at: number, length: number): Promise<void> {
  const end = Math.min(at + length, (await file.stat()).size);
  const zeros = Buffer.alloc(Math.max(0, Math.min(end - at, 1024 * 1024)));
  for (let from = at; from < end; from += zeros.length) {
    await file.write(zeros, 0, Math.min(zeros.length, end - from), from);
  }
}

/** Each sector of the write is new or not; one that was never written before may also hold anything at all. */
async function applyTorn(
  file: FileHandle,
  change: Write,
  bytes: Buffer,
  durableBytes: number,
  random: () => number,
): Promise<void> {
  if (random() < 0.5 && (await file.stat()).size < change.at + change.length) {
    await file.truncate(change.at + change.length); // The size arrived, whatever became of the bytes.
  }
  const odd = change.at % sectorBytes;
  for (let from = 0; from < bytes.length;) {
    const length = Math.min(bytes.length - from, sectorBytes - (from === 0 ? odd : 0));
    const fresh = change.at + from >= durableBytes;
    const fate = random();
    if (fate < 0.5) await file.write(bytes, from, length, change.at + from);
    else if (fresh && fate < 0.7)
      await file.write(noise(length, change.at + from), 0, length, change.at + from);
    from += length;
  }
}

async function rebuildFile(
  node: File,
  log: OperationLog,
  data: FileHandle,
  policy: CutPolicy,
  random: () => number,
  path: string,
): Promise<void> {
  if (node.base === undefined) await writeFile(path, '');
  else await run('cp', ['--sparse=always', join(log.folder, 'base', node.base), path]);
  const file = await open(path, 'r+');
  try {
    for (const change of node.durable) await applyWhole(file, data, change);
    const durableBytes = (await file.stat()).size;
    // Some files come through whole and some not at all; only the rest is a matter of each write.
    const lot = random();
    const mood =
      policy.writes !== 'random' ? policy.writes : lot < 0.25 ? 'lost' : lot < 0.4 ? 'kept' : 'random';
    for (const change of node.pending) {
      const fate = mood === 'random' ? random() : mood === 'kept' ? 0 : 1;
      if (fate < 0.35) await applyWhole(file, data, change);
      else if (fate < 0.65 && change.op === 'write') {
        await applyTorn(file, change, await readData(data, change), durableBytes, random);
      }
    }
  } finally {
    await file.close();
  }
}

/**
 * Rebuilds in `into` (created, must not exist) what a power cut before operation `cut` leaves. The same
 * arguments give the same result. Modes, owners and times are not part of it.
 */
export async function replay(
  log: OperationLog,
  cut: number,
  policy: CutPolicy,
  seed: number,
  into: string,
): Promise<void> {
  const model = new PowerCutModel(policy.renames === 'whole');
  for (let index = 0; index < cut; index++) model.apply(log.operations[index]!, index);
  const random = randomFrom(seed);
  const keeps = nameKeeper(policy, cut, random);
  const data = await open(join(log.folder, 'data.bin'), 'r');
  const built = new Map<number, string>();
  const build = async (id: number, path: string): Promise<void> => {
    const node = model.nodes.get(id)!;
    const before = built.get(id);
    if (before !== undefined) {
      // A rename done by halves leaves two names; of a folder, a repair would keep one.
      if (node.kind === 'file') await link(before, path);
      return;
    }
    built.set(id, path);
    if (node.kind === 'symlink') {
      await symlink(node.target ?? (await readlink(join(log.folder, 'base', node.base!))), path);
    } else if (node.kind === 'file') await rebuildFile(node, log, data, policy, random, path);
    else {
      await mkdir(path);
      for (const [name, child] of survivingNames(node, keeps)) await build(child, join(path, name));
    }
  };
  try {
    await build(1, into);
  } finally {
    await data.close();
  }
}
