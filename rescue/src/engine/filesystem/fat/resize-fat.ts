/**
 * Gives a FAT volume another size, in place: clusters that have no place any more move to free ones, numbers of clusters
 * become others where longer tables push the data, and everything that names one follows ("FAT: General Overview of
 * On-Disk Format" 1.03). Everything is read and found right before the first write; a cut in the middle leaves damage.
 */
import { type Said, say } from '../../base/remarks.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, errorWords } from '../../base/errors.ts';
import { parseFatBootSector, type FatLayout } from './boot-sector.ts';
import { encodeClusterTable, readClusterTable, tableMarks } from './cluster-table.ts';
import { leastClusters, resizedLayout, type ResizedLayout } from './resized-layout.ts';
import { scanTable } from './table.ts';

/** Bytes that can be changed. */
export interface EditableBytes extends BlockReader {
  write(offset: number, bytes: Uint8Array): Promise<void>;
}

/** Clusters of a table that is held in memory, twice: 64 MiB each. */
const MOST_CLUSTERS = 2 ** 24;
const ENTRY_BYTES = 32;
const LONG_NAME = 0x0f;
const DIRECTORY = 0x10;
const VOLUME_LABEL = 0x08;
const DELETED = 0xe5;

type Problem = { readonly problem: Said };

/** How small the volume on `reader` can get, in bytes, or why not, as a clause. */
export async function leastFatBytes(reader: BlockReader): Promise<number | Problem> {
  const opened = await openVolume(reader);
  if ('problem' in opened) return opened;
  const { layout, usedCount, badCount } = opened;
  const clusters = Math.max(usedCount + badCount, leastClusters(layout));
  return Math.min(layout.sizeBytes, layout.dataOffsetBytes + clusters * layout.clusterBytes);
}

/** Whether the volume on `reader` can have `sizeBytes`: why not, as a clause. */
export async function fatResizeProblem(reader: BlockReader, sizeBytes: number): Promise<Said | undefined> {
  const opened = await openVolume(reader);
  if ('problem' in opened) return opened.problem;
  const planned = resizedLayout(opened.layout, opened.bootSector, sizeBytes);
  return 'problem' in planned ? planned.problem : undefined;
}

/** How large the volume on `reader` can get, in whole sectors up to `limit` bytes, or why it cannot, as a clause. */
export async function mostFatBytes(reader: BlockReader, limit: number): Promise<number | Problem> {
  const opened = await openVolume(reader);
  if ('problem' in opened) return opened;
  const { layout, bootSector } = opened;
  const { sectorSize } = layout;
  let [low, high] = [Math.floor(layout.sizeBytes / sectorSize), Math.floor(limit / sectorSize)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ('problem' in resizedLayout(layout, bootSector, middle * sectorSize)) high = middle - 1;
    else low = middle;
  }
  return low * sectorSize;
}

/** Gives the volume that begins `bytes` the size `sizeBytes`; why not, as a clause, if nothing was written. */
export async function resizeFat(bytes: EditableBytes, sizeBytes: number): Promise<Said | undefined> {
  const opened = await openVolume(bytes);
  if ('problem' in opened) return opened.problem;
  const { layout, bootSector } = opened;
  const planned = resizedLayout(layout, bootSector, sizeBytes);
  if ('problem' in planned) return planned.problem;
  const table = await readClusterTable(bytes, layout);
  const numbers = renumber(layout, planned, table);
  if ('problem' in numbers) return numbers.problem;
  const volume = new ResizingFat(bytes, layout, planned, table, numbers.map);
  const problem = await volume.check();
  if (problem !== undefined) return problem;
  await volume.write(bootSector);
  return undefined;
}

interface OpenedVolume {
  readonly layout: FatLayout;
  readonly bootSector: Uint8Array;
  readonly usedCount: number;
  readonly badCount: number;
}

async function openVolume(reader: BlockReader): Promise<OpenedVolume | Problem> {
  const first = await reader.read(0, 512);
  const layout = parseFatBootSector(first);
  if (layout === undefined) return { problem: say('fat/no-volume') };
  if (layout.problem !== undefined) return { problem: say('damage/unsound', { detail: layout.problem }) };
  if (layout.clusterCount > MOST_CLUSTERS)
    return { problem: say('fat/too-many', { clusterCount: layout.clusterCount }) };
  try {
    const { usedCount, badCount, copiesDiffer } = await scanTable(reader, layout);
    if (copiesDiffer) return { problem: say('fat/tables-differ') };
    const bootSector = await reader.read(0, layout.sectorSize);
    return { layout, bootSector, usedCount, badCount };
  } catch (error) {
    if (isPermafrostError(error, 'structure/invalid')) return { problem: errorWords(error) };
    throw error;
  }
}

/** The new number of each cluster that is used; 0 for one that is free. */
function renumber(
  { width, clusterCount }: FatLayout,
  planned: ResizedLayout,
  table: Uint32Array,
): { readonly map: Uint32Array } | Problem {
  const { mask, bad } = tableMarks[width];
  const { shift } = planned;
  const last = planned.clusterCount + 1;
  const map = new Uint32Array(table.length);
  const displaced: number[] = [];
  for (let old = 2; old < table.length; old++) {
    const value = table[old]! & mask;
    const number = old - shift;
    const hasPlace = number >= 2 && number <= last;
    if (value === bad && number < 2) return { problem: say('fat/bad-cluster') };
    if (value === 0 || value === bad) continue;
    if (hasPlace) map[old] = number;
    else displaced.push(old);
  }
  let free = 2;
  for (const old of displaced) {
    while (free <= last && free + shift <= clusterCount + 1 && (table[free + shift]! & mask) !== 0) free++;
    if (free > last) return { problem: say('fat/no-free-cluster', { number: old }) };
    map[old] = free++;
  }
  return { map };
}

class ResizingFat {
  readonly #bytes: EditableBytes;
  readonly #layout: FatLayout;
  readonly #planned: ResizedLayout;
  readonly #table: Uint32Array;
  /** New numbers by the old ones. */
  readonly #map: Uint32Array;

  constructor(
    bytes: EditableBytes,
    layout: FatLayout,
    planned: ResizedLayout,
    table: Uint32Array,
    map: Uint32Array,
  ) {
    this.#bytes = bytes;
    this.#layout = layout;
    this.#planned = planned;
    this.#table = table;
    this.#map = map;
  }

  /** Whether every directory can be read and names clusters that are in use; why not, as a clause. */
  async check(): Promise<Said | undefined> {
    const seen = new Uint8Array(Math.ceil(this.#table.length / 8));
    for await (const { entries, cluster } of this.#directories(seen)) {
      if (entries === undefined) return say('fat/directory', { number: cluster });
      for (const at of namingEntries(entries)) {
        const named = this.#firstCluster(entries, at);
        if (named !== 0 && (named >= this.#map.length || this.#map[named] === 0))
          return say('fat/names-free', { number: named });
      }
    }
    return undefined;
  }

  async write(bootSector: Uint8Array): Promise<void> {
    const { rootOffsetBytes, rootBytes, fatOffsetBytes, fatCount, width } = this.#layout;
    const { fatBytes, shift } = this.#planned;
    for (let old = 2; old < this.#map.length; old++) {
      const number = this.#map[old]!;
      if (number === 0 || number === old - shift) continue;
      await this.#bytes.write(
        this.#newPlace(number),
        await this.#bytes.read(this.#oldPlace(old), this.#layout.clusterBytes),
      );
    }
    const root = await this.#readRoot(rootOffsetBytes, rootBytes);
    const seen = new Uint8Array(Math.ceil(this.#table.length / 8));
    for await (const { cluster, entries } of this.#directories(seen)) {
      const renamed = Buffer.from(entries!);
      for (const at of namingEntries(renamed)) this.#rename(renamed, at);
      if (cluster === 0) root.set(renamed);
      else if (!renamed.equals(entries!))
        await this.#bytes.write(this.#newPlace(this.#map[cluster]!), renamed);
    }
    const table = this.#newTable();
    for (let copy = 0; copy < fatCount; copy++)
      for (const { offset, bytes } of encodeClusterTable(table, width, fatBytes))
        await this.#bytes.write(fatOffsetBytes + copy * fatBytes + offset, bytes);
    if (rootBytes > 0) await this.#bytes.write(this.#planned.rootOffsetBytes, root);
    await this.#writeReserved(bootSector, table);
  }

  async #readRoot(offset: number, length: number): Promise<Uint8Array> {
    return length === 0 ? new Uint8Array(0) : this.#bytes.read(offset, length);
  }

  /** The bytes of all directories, cluster by cluster, that of FAT12 and FAT16 as cluster 0; undefined where one cannot be. */
  async *#directories(
    seen: Uint8Array,
  ): AsyncGenerator<{ readonly cluster: number; readonly entries: Uint8Array | undefined }> {
    const { width, rootCluster, rootOffsetBytes, rootBytes, clusterBytes } = this.#layout;
    const { mask } = tableMarks[width];
    const pending: number[] = [];
    const descend = (entries: Uint8Array): void => {
      for (const at of namingEntries(entries)) {
        const isDirectory = (entries[at + 11]! & DIRECTORY) !== 0;
        // Their own entries and those of their parents lead back.
        if (isDirectory && entries[at] !== 0x2e) pending.push(this.#firstCluster(entries, at));
      }
    };
    if (width === 32) pending.push(rootCluster);
    else {
      const entries = await this.#bytes.read(rootOffsetBytes, rootBytes);
      descend(entries);
      yield { cluster: 0, entries };
    }
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (let cluster = next; cluster < this.#table.length; cluster = this.#table[cluster]! & mask) {
        const bit = 1 << (cluster & 7);
        if (cluster < 2 || (seen[cluster >>> 3]! & bit) !== 0) {
          yield { cluster, entries: undefined };
          return;
        }
        seen[cluster >>> 3]! |= bit;
        const entries = await this.#bytes.read(this.#oldPlace(cluster), clusterBytes);
        descend(entries);
        yield { cluster, entries };
        // What lies behind the end of a directory was never written.
        if (hasEnd(entries)) break;
      }
    }
  }

  #firstCluster(entries: Uint8Array, at: number): number {
    const low = entries[at + 26]! | (entries[at + 27]! << 8);
    if (this.#layout.width !== 32) return low;
    return low + (entries[at + 20]! | (entries[at + 21]! << 8)) * 0x10000;
  }

  #rename(entries: Buffer, at: number): void {
    const named = this.#firstCluster(entries, at);
    if (named === 0) return;
    const number = this.#map[named]!;
    entries.writeUInt16LE(number & 0xffff, at + 26);
    if (this.#layout.width === 32) entries.writeUInt16LE(number >>> 16, at + 20);
  }

  #newTable(): Uint32Array {
    const { mask, bad } = tableMarks[this.#layout.width];
    const { clusterCount, shift } = this.#planned;
    const table = new Uint32Array(clusterCount + 2);
    table.set(this.#table.subarray(0, 2));
    for (let old = 2; old < this.#table.length; old++) {
      const entry = this.#table[old]!;
      const value = entry & mask;
      const number = value === bad ? old - shift : this.#map[old]!;
      if (value === 0 || number > clusterCount + 1) continue;
      const leadsOn = value >= 2 && value < this.#map.length;
      table[number] = leadsOn ? ((entry & ~mask) | this.#map[value]!) >>> 0 : entry;
    }
    return table;
  }

  /** Boot sector and information sector, with their copies. */
  async #writeReserved(first: Uint8Array, table: Uint32Array): Promise<void> {
    const { width, sectorSize, fatOffsetBytes } = this.#layout;
    const boot = Buffer.from(first);
    const backup = width === 32 ? boot.readUInt16LE(50) : 0;
    const information = width === 32 ? boot.readUInt16LE(48) : 0;
    const reserved = fatOffsetBytes / sectorSize;
    const isThere = (sector: number): boolean => sector > 0 && sector < reserved;
    const { mask } = tableMarks[width];
    let free = 0;
    for (let i = 2; i < table.length; i++) if ((table[i]! & mask) === 0) free++;
    if (isThere(information))
      for (const sector of [information, ...(isThere(backup) ? [backup + information] : [])]) {
        if (!isThere(sector)) continue;
        const bytes = Buffer.from(await this.#bytes.read(sector * sectorSize, sectorSize));
        if (bytes.readUInt32LE(0) !== 0x41615252 || bytes.readUInt32LE(484) !== 0x61417272) continue;
        bytes.writeUInt32LE(free, 488);
        bytes.writeUInt32LE(2, 492);
        await this.#bytes.write(sector * sectorSize, bytes);
      }
    for (const sector of isThere(backup) ? [backup, 0] : [0]) {
      const bytes = Buffer.from(await this.#bytes.read(sector * sectorSize, sectorSize));
      if (sector !== 0 && (bytes.readUInt16LE(510) !== 0xaa55 || !this.#isSame(bytes, boot))) continue;
      this.#describe(bytes);
      await this.#bytes.write(sector * sectorSize, bytes);
    }
  }

  /** Whether `copy` is of this volume as it was. */
  #isSame(copy: Buffer, boot: Buffer): boolean {
    return copy.subarray(11, 48).equals(boot.subarray(11, 48));
  }

  #describe(boot: Buffer): void {
    const { totalSectors, fatSectors } = this.#planned;
    const { width, rootCluster } = this.#layout;
    const isShort = width !== 32 && totalSectors < 0x10000;
    boot.writeUInt16LE(isShort ? totalSectors : 0, 19);
    boot.writeUInt32LE(isShort ? 0 : totalSectors, 32);
    if (width === 32) {
      boot.writeUInt32LE(fatSectors, 36);
      boot.writeUInt32LE(this.#map[rootCluster]!, 44);
    } else boot.writeUInt16LE(fatSectors, 22);
  }

  #oldPlace(cluster: number): number {
    return this.#layout.dataOffsetBytes + (cluster - 2) * this.#layout.clusterBytes;
  }

  #newPlace(cluster: number): number {
    return this.#planned.dataOffsetBytes + (cluster - 2) * this.#layout.clusterBytes;
  }
}

/** Whether a directory ends in this piece of it. */
function hasEnd(entries: Uint8Array): boolean {
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) if (entries[at] === 0) return true;
  return false;
}

/** Offsets of the entries that name a cluster: neither deleted, nor a piece of a long name, nor a label. */
function* namingEntries(entries: Uint8Array): Generator<number> {
  for (let at = 0; at + ENTRY_BYTES <= entries.length; at += ENTRY_BYTES) {
    const first = entries[at]!;
    const attributes = entries[at + 11]!;
    if (first === 0) return;
    if (first === DELETED || (attributes & 0x3f) === LONG_NAME) continue;
    if ((attributes & VOLUME_LABEL) === 0) yield at;
  }
}
