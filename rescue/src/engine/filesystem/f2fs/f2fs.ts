/**
 * F2FS: names a volume and finds its used bytes: everything before the main area, whose tables are small, and
 * the blocks of the main area that the segment information table calls valid.
 * Specification: "WHAT IS Flash-Friendly File System (F2FS)" of the Linux kernel documentation.
 */
import { type Said, say } from '../../base/remarks.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import { readDistrustedMap } from '../distrusted-map.ts';
import type { FileSystem, FileSystemState, MapOptions, Prober, RawReason, UsedMap } from '../file-system.ts';
import { rawMap } from '../raw-map.ts';
import { checkpointFlags, hasFsyncedNodes, readCheckpoint, type F2fsCheckpoint } from './checkpoint.ts';
import { readValidBlocks } from './segments.ts';
import { BLOCK_BYTES, SEGMENT_BLOCKS, readSuperblock, type F2fsSuperblock } from './superblock.ts';

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
  const distrust = await distrustReason(reader, superblock, checkpoint);
  if (distrust === undefined) return { state: 'clean', checkpoint };
  return { state: distrust.code === 'feature' ? 'unknown' : 'dirty', checkpoint, distrust };
}

/** What the flags of a checkpoint say against it. */
const objections: readonly (readonly [flags: number, code: RawReason['code'], reason: string])[] = [
  [~checkpointFlags.known, 'feature', 'its checkpoint has unknown flags'],
  [checkpointFlags.error, 'error-state', 'its checkpoint records an error'],
  [checkpointFlags.needsCheck, 'error-state', 'its checkpoint asks for a check'],
  [checkpointFlags.quotaNeedsCheck, 'error-state', 'its checkpoint asks for a check of quotas'],
  [checkpointFlags.resizing, 'error-state', 'it was being resized'],
  [checkpointFlags.disabled | checkpointFlags.disabledQuick, 'dirty', 'checkpoints were disabled on it'],
];

const remedies: Partial<Record<RawReason['code'], Said>> = {
  'error-state': say('raw-remedy/f2fs-check'),
  dirty: say('raw-remedy/mount-again'),
};

async function distrustReason(
  reader: BlockReader,
  superblock: F2fsSuperblock,
  checkpoint: F2fsCheckpoint,
): Promise<RawReason | undefined> {
  const because = (code: RawReason['code'], reason: string): RawReason => {
    const remedy = remedies[code];
    return { code, reason, ...(remedy === undefined ? {} : { remedy }) };
  };
  const { flags } = checkpoint;
  for (const [mask, code, reason] of objections) if ((flags & mask) !== 0) return because(code, reason);
  if (superblock.errorsRecorded) return because('error-state', 'its superblock records errors');
  if ((flags & checkpointFlags.unmounted) === 0) return because('dirty', 'it was not cleanly unmounted');
  if (await hasFsyncedNodes(reader, checkpoint))
    return because('dirty', 'it was not cleanly unmounted: files were written after its last checkpoint');
  return undefined;
}

async function mapUsed(
  reader: BlockReader,
  superblock: F2fsSuperblock,
  condition: Condition,
  options: MapOptions,
): Promise<UsedMap> {
  const { checkpoint, distrust } = condition;
  if ('problem' in checkpoint) throw checkpoint.problem;
  const { sizeBytes } = reader;
  const volumeBytes = superblock.blockCount * BLOCK_BYTES;
  if (volumeBytes > sizeBytes) {
    const reason = `the volume has ${volumeBytes} bytes and only ${sizeBytes} are here`;
    return rawMap({ sizeBytes, reason: { code: 'inconsistent', reason } });
  }
  const read = (): Promise<Extents> => readUsed(reader, superblock, checkpoint, options.signal);
  if (distrust !== undefined) return readDistrustedMap(read, sizeBytes, distrust, options);
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
  const mainEnd = superblock.mainBlock + superblock.mainSegments * SEGMENT_BLOCKS;
  // What is left of a last segment that is not whole.
  builder.add(mainEnd * BLOCK_BYTES, (superblock.blockCount - mainEnd) * BLOCK_BYTES);
  return builder.finish();
}
