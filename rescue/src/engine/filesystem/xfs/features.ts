/**
 * Which XFS features are known not to change what the free-space trees mean, and which call for the whole
 * region. Follows "XFS Algorithms & Data Structures", chapter "Superblocks", and the kernel documentation of
 * the newer bits (admin-guide/xfs, filesystems/xfs).
 */
import type { RawReason } from '../file-system.ts';
import type { XfsSuperblock } from './superblock.ts';

interface Feature {
  readonly bit: number;
  readonly name: string;
  /** Why it makes the region raw, where it does. */
  readonly raw?: string;
}

const VERSION_LAZY_COUNTERS = 0x2;
const INCOMPAT_NEEDS_REPAIR = 0x10;

/** Bits of the version word; 0x4000 folds the case of names. */
const versionFeatures: readonly Feature[] = [
  { bit: 0x0010, name: 'attr' },
  { bit: 0x0020, name: 'nlink' },
  { bit: 0x0040, name: 'quota' },
  { bit: 0x0080, name: 'align' },
  { bit: 0x0100, name: 'dalign' },
  { bit: 0x0200, name: 'shared', raw: 'it uses the abandoned feature "shared"' },
  { bit: 0x0400, name: 'logv2' },
  { bit: 0x0800, name: 'sector' },
  { bit: 0x1000, name: 'extflg' },
  { bit: 0x2000, name: 'dirv2' },
  { bit: 0x4000, name: 'asciici' },
  { bit: 0x8000, name: 'morebits' },
];

const moreFeatures: readonly Feature[] = [
  { bit: VERSION_LAZY_COUNTERS, name: 'lazysbcount' },
  { bit: 0x8, name: 'attr2' },
  { bit: 0x80, name: 'projid32' },
  { bit: 0x100, name: 'crc' },
  { bit: 0x200, name: 'ftype' },
];

const roCompatFeatures: readonly Feature[] = [
  { bit: 0x1, name: 'finobt' },
  { bit: 0x2, name: 'rmapbt' },
  { bit: 0x4, name: 'reflink' },
  { bit: 0x8, name: 'inobtcount' },
];

const incompatFeatures: readonly Feature[] = [
  { bit: 0x1, name: 'ftype' },
  { bit: 0x2, name: 'sparse' },
  { bit: 0x4, name: 'metauuid' },
  { bit: 0x8, name: 'bigtime' },
  // Handled by state: it is no other layout.
  { bit: INCOMPAT_NEEDS_REPAIR, name: 'needsrepair' },
  { bit: 0x20, name: 'nrext64' },
  { bit: 0x40, name: 'exchange' },
  { bit: 0x80, name: 'parent' },
  { bit: 0x100, name: 'metadir' },
  { bit: 0x200, name: 'zoned', raw: 'it has a zoned real-time section' },
  { bit: 0x400, name: 'zonegaps', raw: 'it has a zoned real-time section' },
];

/** Recovery only: a clean log has none of them set, or holds nothing that needs them. */
const logIncompatFeatures: readonly Feature[] = [{ bit: 0x1, name: 'logxattrs' }];

/** Names of the features that are set, for people. */
export function featureNames(sb: XfsSuperblock): string[] {
  const names = tables(sb).flatMap(({ bits, known }) =>
    known.filter(({ bit }) => (bits & bit) !== 0).map(({ name }) => name),
  );
  return [...new Set(names)];
}

/** Why the region is raw because of a feature; `undefined` if all that are set are known and harmless. */
export function featureReason(sb: XfsSuperblock): RawReason | undefined {
  if (sb.version < 4) return { code: 'feature', reason: `it is XFS version ${sb.version}` };
  if (sb.hasRealtime) return { code: 'feature', reason: 'it has a real-time section' };
  for (const { word, bits, known } of tables(sb)) {
    const mask = known.reduce((sum, { bit }) => sum | bit, 0);
    const unknown = (bits & ~mask) >>> 0;
    if (unknown !== 0)
      return { code: 'feature', reason: `unknown ${word} features 0x${unknown.toString(16)}` };
    const bad = known.find(({ bit, raw }) => raw !== undefined && (bits & bit) !== 0);
    if (bad?.raw !== undefined) return { code: 'feature', reason: bad.raw };
  }
  return undefined;
}

/** Whether the superblock's count of free blocks covers the blocks of the free-space trees, too. */
export function hasLazyCounters(sb: XfsSuperblock): boolean {
  return sb.version === 5 || (sb.features2 & VERSION_LAZY_COUNTERS) !== 0;
}

/** Whether a tool began a repair or an upgrade and wants it to be finished. */
export function needsRepair(sb: XfsSuperblock): boolean {
  return (sb.incompat & INCOMPAT_NEEDS_REPAIR) !== 0;
}

interface FeatureWord {
  readonly word: string;
  readonly bits: number;
  readonly known: readonly Feature[];
}

function tables(sb: XfsSuperblock): FeatureWord[] {
  return [
    { word: 'version', bits: sb.versionBits & 0xfff0, known: versionFeatures },
    { word: 'version', bits: sb.features2, known: moreFeatures },
    { word: 'read-only compatible', bits: sb.roCompat, known: roCompatFeatures },
    { word: 'incompatible', bits: sb.incompat, known: incompatFeatures },
    { word: 'log', bits: sb.logIncompat, known: logIncompatFeatures },
  ];
}
