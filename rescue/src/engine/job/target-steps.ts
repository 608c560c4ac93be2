/**
 * What every job that overwrites a disk does before and after its regions: the clearing that makes a cut visible,
 * what lies behind the end of the source, the flush, and making the kernel forget what it knew.
 */
import type { BlockFile } from 'blockdev-native';
import type { OpenDisk } from '../device/device.ts';
import { writeFailure } from '../device/device-failure.ts';
import type { Span } from '../partition/plan-layout.ts';
import type { LayoutChange } from './plan.ts';
import { zeroRange } from './zero-range.ts';
import { type Said, say } from '../base/remarks.ts';

/** What is cleared at both ends of a target and of each region: as far as any system looks for what it knows. */
const CLEAR_BYTES = 1024 * 1024;

/** Bytes laid over what the source has: offset on the target, in bytes. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Both ends of `places`, what is held back at the start of each, `chunkBytes`, included. The source may not use its ends,
 * and members of arrays, for example, have their marks there: an older one would be believed before the file system is.
 */
export function endsOf(places: Iterable<Span>, chunkBytes: number): Span[] {
  return [...places].flatMap(({ start, length }) => {
    const last = Math.min(CLEAR_BYTES, length);
    return [
      { start, length: Math.min(Math.max(CLEAR_BYTES, chunkBytes), length) },
      { start: start + length - last, length: last },
    ];
  });
}

/**
 * Nothing that was on the target may be taken for what will be: its ends if it is overwritten `whole`, then
 * `places`, are zero on the medium when this resolves. Throws `device/write-failed`.
 */
export async function clearTarget(
  file: BlockFile,
  sizeBytes: number,
  whole: boolean,
  places: readonly Span[],
): Promise<void> {
  if (whole) {
    await zeroRange(file, 0, Math.min(CLEAR_BYTES, sizeBytes));
    await zeroRange(file, Math.max(0, sizeBytes - CLEAR_BYTES), Math.min(CLEAR_BYTES, sizeBytes));
    // Before anything else goes: a cut must not leave the old table over partitions that have begun to change.
    await flush(file);
  }
  for (const { start, length } of places) await zeroRange(file, start, Math.min(length, sizeBytes - start));
  await flush(file);
}

/** Both ends of what partitions get beyond what they had: old content there must not be taken for theirs. */
export function grownParts(changes: readonly LayoutChange[]): Span[] {
  return changes.flatMap(({ from, to }) => {
    const grown = to.length - from.length;
    if (grown <= 0) return [];
    const length = Math.min(CLEAR_BYTES, grown);
    const start = to.start + from.length;
    return [
      { start, length },
      { start: to.start + to.length - length, length },
    ];
  });
}

/** The parts of `patches` that none of `places` (ascending, apart from each other) covers. */
export function patchesOutside(patches: readonly Patch[], places: readonly Span[]): Patch[] {
  return patches.flatMap(({ offset, bytes }) => {
    const end = offset + bytes.length;
    const parts: Patch[] = [];
    let at = offset;
    for (const { start, length } of [...places, { start: end, length: 0 }]) {
      const to = Math.min(start, end);
      if (at < to) parts.push({ offset: at, bytes: bytes.subarray(at - offset, to - offset) });
      at = Math.max(at, Math.min(start + length, end));
    }
    return parts;
  });
}

/** Throws `device/write-failed`. */
export async function writePatches(file: BlockFile, patches: readonly Patch[]): Promise<void> {
  for (const { offset, bytes } of patches) {
    try {
      await file.write(offset, bytes);
    } catch (error) {
      throw writeFailure(error, file.path);
    }
  }
}

/** Extents of `patches` that the disk does not hold as they were written. */
export async function wrongPatches(
  disk: OpenDisk,
  patches: readonly Patch[],
): Promise<{ offset: number; length: number }[]> {
  const wrong: { offset: number; length: number }[] = [];
  for (const { offset, bytes } of patches) {
    const there = await disk.reader.read(offset, bytes.length);
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).equals(there))
      wrong.push({ offset, length: bytes.length });
  }
  return wrong;
}

/** Lays `patches` over `bytes`, which lie at `offset` of the target. */
export function applyPatches(bytes: Uint8Array, offset: number, patches: readonly Patch[]): void {
  for (const patch of patches) {
    const from = Math.max(patch.offset, offset);
    const to = Math.min(patch.offset + patch.bytes.length, offset + bytes.length);
    if (from < to) bytes.set(patch.bytes.subarray(from - patch.offset, to - patch.offset), from - offset);
  }
}

/** Makes the kernel forget what it knew of the disk; what could not be done, as a sentence. */
export async function settleTarget(disk: OpenDisk): Promise<Said | undefined> {
  if (!disk.file.isBlockDevice) return undefined;
  await disk.file.dropCache();
  try {
    await disk.rereadPartitions();
    return undefined;
  } catch {
    return say('job/table-not-reread', { path: disk.identity.path });
  }
}

/** Throws `device/write-failed`. */
export async function flush(file: BlockFile): Promise<void> {
  try {
    await file.flush();
  } catch (error) {
    throw writeFailure(error, file.path);
  }
}
