/**
 * Which Btrfs features are known not to change what the extent tree means, and which call for the whole
 * region. Follows the Btrfs documentation, "Feature flags", and the kernel's user header btrfs.h.
 */
import { say } from '../../base/remarks.ts';
import type { RawReason } from '../file-system.ts';
import type { BtrfsSuperblock } from './superblock.ts';

interface Feature {
  readonly bit: number;
  readonly name: string;
  /** Why it makes the region raw, where it does. */
  readonly raw?: string;
}

const ROCOMPAT_FREE_SPACE_TREE_VALID = 1n << 1n;
const ROCOMPAT_BLOCK_GROUP_TREE = 1n << 3n;

const roCompatFeatures: readonly Feature[] = [
  { bit: 0, name: 'free-space-tree' },
  { bit: 1, name: 'free-space-tree-valid' },
  { bit: 2, name: 'verity' },
  { bit: 3, name: 'block-group-tree' },
];

const incompatFeatures: readonly Feature[] = [
  { bit: 0, name: 'mixed-backref' },
  { bit: 1, name: 'default-subvol' },
  { bit: 2, name: 'mixed-groups' },
  { bit: 3, name: 'compress-lzo' },
  { bit: 4, name: 'compress-zstd' },
  { bit: 5, name: 'big-metadata' },
  { bit: 6, name: 'extended-iref' },
  { bit: 7, name: 'raid56' },
  { bit: 8, name: 'skinny-metadata' },
  { bit: 9, name: 'no-holes' },
  { bit: 10, name: 'metadata-uuid' },
  { bit: 11, name: 'raid1c34' },
  { bit: 12, name: 'zoned', raw: 'it is zoned' },
  { bit: 13, name: 'extent-tree-v2', raw: 'it uses the experimental extent tree v2' },
  { bit: 14, name: 'raid-stripe-tree', raw: 'it has a RAID stripe tree' },
  { bit: 16, name: 'simple-quota' },
  { bit: 17, name: 'remap-tree', raw: 'it has a remap tree' },
];

/** Superblock flags: bits 0 (written) and 32 (seeding) say nothing about the layout. */
const KNOWN_FLAGS = (1n << 0n) | (1n << 32n);
const FLAG_ERROR = 1n << 2n;
const conversionFlags: readonly Feature[] = [
  { bit: 33, name: 'a metadata dump' },
  { bit: 34, name: 'a metadata dump' },
  { bit: 35, name: 'in the middle of a change of its UUID' },
  { bit: 36, name: 'in the middle of a change of its UUID' },
  { bit: 38, name: 'in the middle of a conversion to block-group-tree' },
  { bit: 39, name: 'in the middle of a change of its checksums' },
  { bit: 40, name: 'in the middle of a change of its checksums' },
];

const isSet = (word: bigint, bit: number): boolean => ((word >> BigInt(bit)) & 1n) === 1n;

/** Names of the features that are set, for people. */
export function featureNames(sb: BtrfsSuperblock): string[] {
  const names = (word: bigint, known: readonly Feature[]): string[] =>
    known.filter(({ bit }) => isSet(word, bit)).map(({ name }) => name);
  return [...names(sb.incompat, incompatFeatures), ...names(sb.roCompat, roCompatFeatures)];
}

/** Why the region is raw because of a feature; `undefined` if all that are set are known and harmless. */
export function featureReason(sb: BtrfsSuperblock): RawReason | undefined {
  for (const { word, bits, known } of [
    { word: 'incompatible', bits: sb.incompat, known: incompatFeatures },
    { word: 'read-only compatible', bits: sb.roCompat, known: roCompatFeatures },
  ]) {
    const unknown = bits & ~known.reduce((sum, { bit }) => sum | (1n << BigInt(bit)), 0n);
    if (unknown !== 0n)
      return { code: 'feature', reason: `unknown ${word} features 0x${unknown.toString(16)}` };
    const bad = known.find(({ bit, raw }) => raw !== undefined && isSet(bits, bit));
    if (bad?.raw !== undefined) return { code: 'feature', reason: bad.raw };
  }
  if (sb.deviceCount !== 1)
    return {
      code: 'feature',
      reason: `it spans ${sb.deviceCount} devices`,
      remedy: say('raw-remedy/all-disks'),
    };
  const conversion = conversionFlags.find(({ bit }) => isSet(sb.flags, bit));
  if (conversion !== undefined) return { code: 'inconsistent', reason: `it is ${conversion.name}` };
  const unknown = sb.flags & ~(KNOWN_FLAGS | FLAG_ERROR);
  if (unknown !== 0n)
    return { code: 'feature', reason: `unknown superblock flags 0x${unknown.toString(16)}` };
  return undefined;
}

/** Whether the file system recorded that it hit an error. */
export function hasErrorFlag(sb: BtrfsSuperblock): boolean {
  return (sb.flags & FLAG_ERROR) !== 0n;
}

/** Whether block group items are in a tree of their own. */
export function hasBlockGroupTree(sb: BtrfsSuperblock): boolean {
  return (sb.roCompat & ROCOMPAT_BLOCK_GROUP_TREE) !== 0n;
}

/** Whether the free-space tree is up to date. */
export function hasValidFreeSpaceTree(sb: BtrfsSuperblock): boolean {
  return (sb.roCompat & ROCOMPAT_FREE_SPACE_TREE_VALID) !== 0n;
}
