/**
 * F2FS: names a volume and finds its used bytes: everything before the main area, whose tables are small, and
 * the blocks of the main area that the segment information table calls valid.
 * Specification: "WHAT IS Flash-Friendly File System (F2FS)" of the Linux kernel documentation.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import { readDistrustedMap } from '../distrusted-map.ts';
import type { FileSystem, FileSystemState, MapOptions, Prober, RawReason, UsedMap } from '../file-system.ts';
import { rawMap } from '../raw-map.ts';
import { checkpointFlags, hasFsyncedNodes, readCheckpoint, type F2fsCheckpoint } from './checkpoint.ts';
import { readValidBlocks } from './segments.ts';
import { BLOCK_BYTES, readSuperblock, type F2fsSuperblock } from './superblock.ts';

/** Features by bit. Those that change nothing about which blocks are used are known; see {@link KNOWN}. */
const featureNames = [
  'encrypt',
  'zoned',
  'atomic_write',
  'extra_attr',
  'project_quota',
  'inode_checksum',
  'flexible_inline_xattr',
  'quota',
  'inode_crtime',
  'lost_found',
  'verity',
  'sb_checksum',
  'casefold',
  'compression',
  'ro',
];
const ZONED = 0x2;
const KNOWN = 0x7fff & ~ZONED;

/** Recognises F2FS. */
export const probeF2fs: Prober = async (reader) => {
  const superblock = await readSuperblock(reader);
  if (superblock === undefined) return undefined;
  const unsupported = unsupportedReason(superblock);
  const condition: Condition | undefined =
    unsupported === undefined ? await inspect(reader, superblock) : undefined;
  const features = featureNames.filter((_, bit) => (superblock.features & (1 << bit)) !== 0);
  const found: FileSystem = {
    info: {
      kind: 'f2fs',
      ...(superblock.label === '' ? {} : { label: superblock.label }),
      uuid: superblock.uuid,
      sizeBytes: superblock.blockCount * superblock.blockSize,
      blockSize: superblock.blockSize,
      state: condition?.state ?? 'unknown',
      details: { features },
    },
    mapUsed: (options) =>
      unsupported === undefined
        ? mapUsed(reader, superblock, condition!, options)
        : Promise.resolve(rawMap({ sizeBytes: reader.sizeBytes, reason: unsupported })),
  };
  return found;
};

/** What the checkpoint says of the volume. */
interface Condition {
  readonly state: FileSystemState;
  /** The checkpoint that counts, or why there is none. */
  readonly checkpoint: F2fsCheckpoint | { readonly problem: Error };
  /** Why the checkpoint's view of the blocks is not believed. */
  readonly distrust?: RawReason;
}

function unsupportedReason(superblock: F2fsSuperblock): RawReason | undefined {
  const because = (reason: string): RawReason => ({ code: 'feature', reason });
  if (superblock.blockSize !== BLOCK_BYTES) return because(`blocks of ${superblock.blockSize} bytes`);
  if (superblock.devices.length > 0)
    return because(`the volume spans several devices: ${superblock.devices.join(', ')}`);
  if ((superblock.features & ZONED) !== 0) return because('the volume is laid out for zoned disks');
  const unknown = superblock.features & ~KNOWN;
  if (unknown !== 0) return because(`unknown features 0x${(unknown >>> 0).toString(16)}`);
  return undefined;
}

async function inspect(reader: BlockReader, superblock: F2fsSuperblock): Promise<Condition> {
  let checkpoint: F2fsCheckpoint;
  try {
    checkpoint = await readCheckpoint(reader, superblock);
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return { state: 'unknown', checkpoint: { problem: error } };
  }
  const { flags } = checkpoint;
  const remedy = 'Mount the volume and unmount it again on the system it belongs to, then read it again.';
  const bad = (reason: string): Condition => ({
    state: 'dirty',
    checkpoint,
    distrust: { code: 'error-state', reason, remedy: 'Run fsck.f2fs on the volume.' },
  });
  const unclean = (reason: string): Condition => ({
    state: 'dirty',
    checkpoint,
    distrust: { code: 'dirty', reason, remedy },
  });
  if (superblock.errorsRecorded) return bad('the superblock records errors');
  if ((flags & checkpointFlags.error) !== 0) return bad('the checkpoint records an error');
  if ((flags & checkpointFlags.needsCheck) !== 0) return bad('the checkpoint asks for a check');
  if ((flags & checkpointFlags.quotaNeedsCheck) !== 0)
    return bad('the checkpoint asks for a check of quotas');
  if ((flags & (checkpointFlags.disabled | checkpointFlags.disabledQuick)) !== 0)
    return unclean('checkpoints are disabled on it');
  if ((flags & checkpointFlags.resizing) !== 0) return unclean('it was being resized');
  if ((flags & checkpointFlags.unmounted) === 0) return unclean('it was not cleanly unmounted');
  if (await hasFsyncedNodes(reader, checkpoint))
    return unclean('it was not cleanly unmounted: files were written after its last checkpoint');
  if ((flags & ~checkpointFlags.known) !== 0)
    return {
      state: 'unknown',
      checkpoint,
      distrust: { code: 'feature', reason: `unknown checkpoint flags 0x${(flags >>> 0).toString(16)}` },
    };
  return { state: 'clean', checkpoint };
}

async function mapUsed(
  reader: BlockReader,
  superblock: F2fsSuperblock,
  condition: Condition,
  options: MapOptions,
): Promise<UsedMap> {
  const { checkpoint, distrust } = condition;
  if ('problem' in checkpoint) throw checkpoint.problem;
  const read = (): Promise<Extents> => readUsed(reader, superblock, checkpoint, options.signal);
  if (distrust !== undefined) return readDistrustedMap(read, reader.sizeBytes, distrust, options);
  return { used: await read(), warnings: [] };
}

async function readUsed(
  reader: BlockReader,
  superblock: F2fsSuperblock,
  checkpoint: F2fsCheckpoint,
  signal: AbortSignal | undefined,
): Promise<Extents> {
  const builder = new ExtentsBuilder();
  builder.add(0, superblock.mainBlock * BLOCK_BYTES);
  await readValidBlocks(reader, superblock, checkpoint, builder, signal);
  const mainEnd = superblock.mainBlock + superblock.mainSegments * 512;
  // What is left of a last segment that is not whole.
  builder.add(mainEnd * BLOCK_BYTES, (superblock.blockCount - mainEnd) * BLOCK_BYTES);
  return builder.finish();
}
