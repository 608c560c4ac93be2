/**
 * What a region holds and which of its bytes matter. All that can be recognised is asked; whatever is not
 * certain in the end (two answers, a broken structure, an unreadable sector) makes the whole region used.
 */
import { cachedReader, type BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, PermafrostError, throwIfCancelled } from '../base/errors.ts';
import { ExtentsBuilder, MAX_EXTENTS, type Extents } from '../base/extents.ts';
import type { FileSystem, FileSystemInfo, MapOptions, RawReason, UsedMap } from './file-system.ts';
import { kindTitles } from './kind-titles.ts';
import type { ProberEntry, Role } from './named/signature.ts';
import { probers } from './probers.ts';
import { rawMap } from './raw-map.ts';

export interface ProbeOptions extends MapOptions {
  /** Take everything as used, whatever is recognised. */
  readonly raw?: boolean;
}

export interface RegionContent {
  readonly info: FileSystemInfo;
  /** Clipped to the region, in whole sectors of its reader. */
  readonly map: UsedMap;
}

/** What one prober said. */
interface Finding {
  readonly role: Role;
  readonly fileSystem: FileSystem;
}

/** What a region is taken for, and why that is not certain, if it is not. */
interface Verdict {
  readonly fileSystem: FileSystem;
  readonly doubt?: RawReason;
}

/** Half of what a list may hold: whoever unites a map with another, or turns it round, needs room. */
const MAX_MAP_EXTENTS = MAX_EXTENTS / 2;

/** Kinds that share a disc on purpose, each with its own tables over the same files. */
const discKinds: ReadonlySet<string> = new Set(['udf', 'iso9660', 'hfs', 'hfsplus', 'hfsx']);

/** Names what a region holds, from its first structures. Throws only `job/cancelled` and device failures. */
export async function identifyRegion(reader: BlockReader, signal?: AbortSignal): Promise<FileSystemInfo> {
  return (await identify(cachedReader(reader), signal)).fileSystem.info;
}

/**
 * Names what a region holds and finds its used bytes. Structures that do not add up and sectors that cannot be
 * read end in a raw map, not in an error. Throws `job/cancelled` and failures other than of reading.
 */
export async function probeRegion(reader: BlockReader, options: ProbeOptions = {}): Promise<RegionContent> {
  const cached = cachedReader(reader);
  const { fileSystem, doubt } = await identify(cached, options.signal);
  const { info } = fileSystem;
  const raw = (reason: RawReason): RegionContent => ({
    info,
    map: rawMap({ sizeBytes: reader.sizeBytes, reason }),
  });
  if (options.raw === true) return raw({ code: 'asked', reason: 'everything was asked for' });
  if (doubt !== undefined) return raw(doubt);
  if (info.sizeBytes !== undefined && info.sizeBytes > reader.sizeBytes)
    return raw({
      code: 'inconsistent',
      reason: `it covers ${info.sizeBytes} bytes and there are ${reader.sizeBytes}`,
    });
  if (fileSystem.mapUsed === undefined) return raw(whyUnmapped(info));
  try {
    return { info, map: fitToRegion(await fileSystem.mapUsed(options), info, reader) };
  } catch (error) {
    return raw(whyFailed(error));
  }
}

function whyUnmapped(info: FileSystemInfo): RawReason {
  if (info.kind === 'unknown' || info.kind === 'empty')
    return { code: 'unknown-content', reason: 'nothing known was recognised' };
  if (info.kind === 'bitlocker' || info.kind === 'luks')
    return { code: 'unsupported', reason: 'it is encrypted, so that what of it is used cannot be told' };
  const place = info.details?.['wrapped'] === true ? ' inside a wrapper' : '';
  return {
    code: 'unsupported',
    reason: `which bytes ${kindTitles[info.kind]}${place} uses is not read yet`,
  };
}

function whyFailed(error: unknown): RawReason {
  if (isPermafrostError(error, 'structure/invalid')) return { code: 'inconsistent', reason: error.message };
  if (isPermafrostError(error, 'device/read-failed')) return { code: 'unreadable', reason: error.message };
  throw error;
}

/** Adds what lies outside the file system's own extent, cuts at the region's end, grows to whole sectors. */
function fitToRegion(map: UsedMap, info: FileSystemInfo, reader: BlockReader): UsedMap {
  const { sizeBytes, sectorSize } = reader;
  if (map.raw !== undefined) return { ...map, used: rawMap({ sizeBytes, reason: map.raw }).used };
  const builder = new ExtentsBuilder().addAll(map.used.slice(0, sizeBytes));
  if (info.sizeBytes !== undefined) builder.add(info.sizeBytes, sizeBytes - info.sizeBytes);
  return { ...map, used: checkCount(builder.finish().alignOutwards(sectorSize, sizeBytes)) };
}

function checkCount(used: Extents): Extents {
  if (used.count <= MAX_MAP_EXTENTS) return used;
  const problem = `has ${used.count} separate runs, more than ${MAX_MAP_EXTENTS}`;
  throw new PermafrostError('structure/invalid', { structure: 'allocation map', problem });
}

/** Asks every prober and weighs the answers. */
async function identify(reader: BlockReader, signal: AbortSignal | undefined): Promise<Verdict> {
  const unreadable: PermafrostError[] = [];
  const ask = async (entries: readonly ProberEntry[]): Promise<Finding[]> => {
    const findings: Finding[] = [];
    for (const entry of entries) {
      throwIfCancelled(signal);
      const finding = await askOne(entry, reader, unreadable);
      if (finding !== undefined) findings.push(finding);
    }
    return findings;
  };
  let findings = await ask(probers.filter(({ role }) => role !== 'trace'));
  if (findings.length === 0) findings = await ask(probers.filter(({ role }) => role === 'trace'));
  const verdict = weigh(findings) ?? { fileSystem: { info: await nameNothing(reader, unreadable) } };
  const [failure] = unreadable;
  return failure === undefined ? verdict : { ...verdict, doubt: whyFailed(failure) };
}

async function askOne(
  entry: ProberEntry,
  reader: BlockReader,
  unreadable: PermafrostError[],
): Promise<Finding | undefined> {
  try {
    const fileSystem = await entry.probe(reader);
    return fileSystem === undefined ? undefined : { role: entry.role, fileSystem };
  } catch (error) {
    if (isPermafrostError(error, 'device/read-failed')) {
      // Whether it is there cannot be known; the others may still give the region a name.
      unreadable.push(error);
      return undefined;
    }
    const reason = whyFailed(error);
    const info: FileSystemInfo = { kind: entry.kind, state: 'unknown' };
    const mapUsed = (): Promise<UsedMap> => Promise.resolve(rawMap({ sizeBytes: reader.sizeBytes, reason }));
    return { role: entry.role, fileSystem: { info, mapUsed } };
  }
}

function weigh(findings: readonly Finding[]): Verdict | undefined {
  const containers = findings.filter(({ role }) => role === 'container');
  const first = containers[0] ?? findings[0];
  if (first === undefined) return undefined;
  const kinds = [...new Set(findings.map(({ fileSystem }) => fileSystem.info.kind))];
  if (kinds.length === 1) return { fileSystem: first.fileSystem };
  const others = kinds.filter((kind) => kind !== first.fileSystem.info.kind);
  if (containers.length > 0) return { fileSystem: alsoSeen(first.fileSystem, others) };
  if (kinds.every((kind) => discKinds.has(kind))) return { fileSystem: shareDisc(findings, others) };
  const titles = kinds.map((kind) => kindTitles[kind]).join(' and ');
  return {
    fileSystem: alsoSeen(first.fileSystem, others),
    doubt: {
      code: 'inconsistent',
      reason: `it looks like ${titles}, and which of them is left from an earlier use is not certain`,
    },
  };
}

function alsoSeen(fileSystem: FileSystem, others: readonly string[]): FileSystem {
  const { info } = fileSystem;
  return { ...fileSystem, info: { ...info, details: { ...info.details, alsoSeen: others } } };
}

/** Several file systems over one set of files, as on most discs: what any of them uses is used. */
function shareDisc(findings: readonly Finding[], others: readonly string[]): FileSystem {
  const all = findings.map(({ fileSystem }) => fileSystem);
  const named = alsoSeen(all[0]!, others);
  const mappers = all.map(({ mapUsed }) => mapUsed).filter((mapUsed) => mapUsed !== undefined);
  if (mappers.length < all.length) return { info: named.info };
  // The rest of the region counts as outside only behind the largest of them.
  const sizes = all.map(({ info }) => info.sizeBytes ?? 0);
  return {
    info: { ...named.info, sizeBytes: Math.max(...sizes) },
    async mapUsed(options) {
      const maps: UsedMap[] = [];
      for (const mapUsed of mappers) maps.push(await mapUsed(options));
      const warnings = maps.flatMap((map) => map.warnings);
      const raw = maps.find((map) => map.raw !== undefined);
      if (raw !== undefined) return { ...raw, warnings };
      const used = maps.reduce((sum, map) => sum.union(map.used), maps[0]!.used);
      const overridden = maps.find((map) => map.overridden !== undefined)?.overridden;
      return { used, warnings, ...(overridden === undefined ? {} : { overridden }) };
    },
  };
}

/** Names a region in which nothing was recognised: a name only, whatever it is called all of it is used. */
async function nameNothing(
  reader: BlockReader,
  unreadable: readonly PermafrostError[],
): Promise<FileSystemInfo> {
  if (unreadable.length > 0) return { kind: 'unknown', state: 'unknown' };
  try {
    const sample = Math.min(1024 * 1024, reader.sizeBytes);
    for (const at of [0, reader.sizeBytes - sample]) {
      const bytes = await reader.read(at, sample);
      if (Buffer.compare(bytes, new Uint8Array(sample)) !== 0) return { kind: 'unknown', state: 'unknown' };
    }
    return { kind: 'empty', state: 'unknown' };
  } catch (error) {
    if (!isPermafrostError(error, 'device/read-failed')) throw error;
    return { kind: 'unknown', state: 'unknown' };
  }
}
