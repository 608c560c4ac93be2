/**
 * The feature bits of ext2, ext3 and ext4: their names as e2fsprogs prints them, and which of them leave the
 * meaning of the block bitmaps alone. See "Super Block" of the kernel's ext4 documentation and ext4(5).
 */

export const compat = {
  hasJournal: 0x4,
  sparseSuper2: 0x200,
  fastCommit: 0x400,
} as const;

export const incompat = {
  recover: 0x4,
  journalDevice: 0x8,
  metaBg: 0x10,
  sixtyFourBit: 0x80,
  mmp: 0x100,
  checksumSeed: 0x2000,
} as const;

export const roCompat = {
  sparseSuper: 0x1,
  gdtChecksum: 0x10,
  bigalloc: 0x200,
  metadataChecksum: 0x400,
} as const;

interface Feature {
  readonly bit: number;
  readonly name: string;
  /** Known by name only: what it does to allocation is not certain, so everything is used. */
  readonly doubtful?: true;
}

const compatFeatures: readonly Feature[] = [
  { bit: 0x1, name: 'dir_prealloc' },
  { bit: 0x2, name: 'imagic_inodes' },
  { bit: 0x4, name: 'has_journal' },
  { bit: 0x8, name: 'ext_attr' },
  { bit: 0x10, name: 'resize_inode' },
  { bit: 0x20, name: 'dir_index' },
  // An experiment that gave the "uninitialised" flag of a group another meaning.
  { bit: 0x40, name: 'lazy_bg', doubtful: true },
  // Snapshots of an out-of-tree ext3: which blocks they hold is not in the block bitmap alone.
  { bit: 0x80, name: 'snapshot_inode', doubtful: true },
  { bit: 0x100, name: 'snapshot_bitmap', doubtful: true },
  { bit: 0x200, name: 'sparse_super2' },
  { bit: 0x400, name: 'fast_commit' },
  { bit: 0x800, name: 'stable_inodes' },
  { bit: 0x1000, name: 'orphan_file' },
];

const incompatFeatures: readonly Feature[] = [
  { bit: 0x1, name: 'compression', doubtful: true },
  { bit: 0x2, name: 'filetype' },
  { bit: 0x4, name: 'needs_recovery' },
  { bit: 0x8, name: 'journal_dev' },
  { bit: 0x10, name: 'meta_bg' },
  { bit: 0x40, name: 'extent' },
  { bit: 0x80, name: '64bit' },
  { bit: 0x100, name: 'mmp' },
  { bit: 0x200, name: 'flex_bg' },
  { bit: 0x400, name: 'ea_inode' },
  { bit: 0x1000, name: 'dirdata', doubtful: true },
  { bit: 0x2000, name: 'metadata_csum_seed' },
  { bit: 0x4000, name: 'large_dir' },
  { bit: 0x8000, name: 'inline_data' },
  { bit: 0x10000, name: 'encrypt' },
  { bit: 0x20000, name: 'casefold' },
];

const roCompatFeatures: readonly Feature[] = [
  { bit: 0x1, name: 'sparse_super' },
  { bit: 0x2, name: 'large_file' },
  { bit: 0x4, name: 'btree_dir' },
  { bit: 0x8, name: 'huge_file' },
  { bit: 0x10, name: 'uninit_bg' },
  { bit: 0x20, name: 'dir_nlink' },
  { bit: 0x40, name: 'extra_isize' },
  { bit: 0x80, name: 'has_snapshot', doubtful: true },
  { bit: 0x100, name: 'quota' },
  { bit: 0x200, name: 'bigalloc' },
  { bit: 0x400, name: 'metadata_csum' },
  { bit: 0x800, name: 'replica', doubtful: true },
  { bit: 0x1000, name: 'read-only' },
  { bit: 0x2000, name: 'project' },
  // Several files may share a block; its bit is set as long as one of them has it.
  { bit: 0x4000, name: 'shared_blocks' },
  { bit: 0x8000, name: 'verity' },
  { bit: 0x10000, name: 'orphan_present' },
];

/** The three feature words of a superblock. */
export interface FeatureWords {
  readonly compat: number;
  readonly incompat: number;
  readonly roCompat: number;
}

/** Feature names in the order of their bits; a bit without a name as `compat 0x…` and so on. */
export function featureNames(words: FeatureWords): string[] {
  return [
    ...names(words.compat, compatFeatures, 'compat'),
    ...names(words.incompat, incompatFeatures, 'incompat'),
    ...names(words.roCompat, roCompatFeatures, 'ro_compat'),
  ];
}

function names(word: number, features: readonly Feature[], kind: string): string[] {
  const found = features.filter(({ bit }) => (word & bit) !== 0).map(({ name }) => name);
  const rest = unknownBits(word, features);
  return rest === 0 ? found : [...found, `${kind} 0x${rest.toString(16)}`];
}

function unknownBits(word: number, features: readonly Feature[]): number {
  let rest = word;
  for (const { bit } of features) rest &= ~bit;
  return rest >>> 0;
}

export interface FeatureDoubt {
  /** One sentence that names the bits. */
  readonly reason: string;
  /** Whether the bitmaps are still where they always are, so that a person may take them at their word. */
  readonly readable: boolean;
}

/**
 * Why the block bitmaps cannot be trusted to say what is used, if there is a reason among the features.
 * Unknown compatible bits are none: by their definition a driver may write without knowing them.
 */
export function featureDoubt(words: FeatureWords): FeatureDoubt | undefined {
  const unknownIncompat = unknownBits(words.incompat, incompatFeatures);
  const unknownRoCompat = unknownBits(words.roCompat, roCompatFeatures);
  const doubtful = [
    ...doubtfulNames(words.compat, compatFeatures),
    ...doubtfulNames(words.incompat, incompatFeatures),
    ...doubtfulNames(words.roCompat, roCompatFeatures),
  ];
  const parts: string[] = [];
  if (unknownIncompat !== 0) parts.push(`unknown incompatible features 0x${unknownIncompat.toString(16)}`);
  if (unknownRoCompat !== 0)
    parts.push(`unknown read-only-compatible features 0x${unknownRoCompat.toString(16)}`);
  if (doubtful.length > 0) parts.push(`features that are not supported: ${doubtful.join(', ')}`);
  if (parts.length === 0) return undefined;
  return { reason: `the file system has ${parts.join(' and ')}`, readable: unknownIncompat === 0 };
}

function doubtfulNames(word: number, features: readonly Feature[]): string[] {
  return features.filter(({ bit, doubtful }) => doubtful && (word & bit) !== 0).map(({ name }) => name);
}
