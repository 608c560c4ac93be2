/**
 * Writes small FAT and exFAT volumes into memory, from Microsoft's specifications rather than with mkfs: so unit
 * tests can have any geometry and any damage. What real ones look like, the proofs tell.
 */

export interface FatModel {
  readonly width: 12 | 16 | 32;
  readonly clusters: number;
  readonly sectorSize?: number;
  readonly sectorsPerCluster?: number;
  readonly reservedSectors?: number;
  readonly fatCount?: number;
  readonly rootEntries?: number;
  /** Sectors behind the last cluster that make no whole one. */
  readonly spareSectors?: number;
  /** Sectors of one table; default as many as needed. */
  readonly fatSectors?: number;
  /** Table entries by cluster; the first two and FAT32's root (cluster 2) are written anyway. */
  readonly entries?: Readonly<Record<number, number>>;
  readonly label?: string;
}

export interface FatVolume {
  readonly bytes: Buffer;
  readonly sectorSize: number;
  readonly clusterBytes: number;
  readonly fatOffset: number;
  readonly fatBytes: number;
  readonly rootOffset: number;
  readonly dataOffset: number;
  /** Writes `value` as the entry of `cluster` into copy `copy`. */
  setEntry: (copy: number, cluster: number, value: number) => void;
}

const media = 0xf8;

export function encodeFat(model: FatModel): FatVolume {
  const { width, clusters, sectorSize = 512, sectorsPerCluster = 1, fatCount = 2, spareSectors = 0 } = model;
  const reserved = model.reservedSectors ?? (width === 32 ? 32 : 1);
  const rootEntries = model.rootEntries ?? (width === 32 ? 0 : sectorSize / 8);
  const needed = Math.ceil(Math.ceil(((clusters + 2) * width) / 8) / sectorSize);
  const fatSectors = model.fatSectors ?? needed;
  const rootSectors = Math.ceil((rootEntries * 32) / sectorSize);
  const dataSector = reserved + fatCount * fatSectors + rootSectors;
  const total = dataSector + clusters * sectorsPerCluster + spareSectors;
  const bytes = Buffer.alloc(total * sectorSize);
  bytes.write('\xeb\x58\x90mkfs.fat', 0, 'latin1');
  bytes.writeUInt16LE(sectorSize, 11);
  bytes.writeUInt8(sectorsPerCluster, 13);
  bytes.writeUInt16LE(reserved, 14);
  bytes.writeUInt8(fatCount, 16);
  bytes.writeUInt16LE(rootEntries, 17);
  if (total < 65536 && width !== 32) bytes.writeUInt16LE(total, 19);
  else bytes.writeUInt32LE(total, 32);
  bytes.writeUInt8(media, 21);
  if (width === 32) {
    bytes.writeUInt32LE(fatSectors, 36);
    bytes.writeUInt32LE(2, 44);
    bytes.writeUInt16LE(1, 48);
    bytes.writeUInt16LE(6, 50);
  } else bytes.writeUInt16LE(fatSectors, 22);
  const extended = width === 32 ? 64 : 36;
  bytes.writeUInt8(0x29, extended + 2);
  bytes.writeUInt32LE(0x1234abcd, extended + 3);
  bytes.write((model.label ?? 'NO NAME').padEnd(11), extended + 7, 'latin1');
  bytes.write(`FAT${width}`.padEnd(8), extended + 18, 'latin1');
  bytes.writeUInt16LE(0xaa55, 510);

  const fatOffset = reserved * sectorSize;
  const fatBytes = fatSectors * sectorSize;
  const setEntry = (copy: number, cluster: number, value: number): void => {
    const at = fatOffset + copy * fatBytes + Math.floor((cluster * width) / 8);
    if (width === 32) bytes.writeUInt32LE(value >>> 0, at);
    else if (width === 16) bytes.writeUInt16LE(value, at);
    else if (cluster % 2 === 0) bytes.writeUInt16LE((bytes.readUInt16LE(at) & 0xf000) | value, at);
    else bytes.writeUInt16LE((bytes.readUInt16LE(at) & 0x000f) | (value << 4), at);
  };
  const end = 2 ** Math.min(width, 28) - 1;
  const entries = { 0: end - 0xff + media, 1: end, ...(width === 32 ? { 2: end } : {}), ...model.entries };
  for (let copy = 0; copy < fatCount; copy++)
    for (const [cluster, value] of Object.entries(entries)) setEntry(copy, Number(cluster), value);
  return {
    bytes,
    sectorSize,
    clusterBytes: sectorsPerCluster * sectorSize,
    fatOffset,
    fatBytes,
    rootOffset: fatOffset + fatCount * fatBytes,
    dataOffset: dataSector * sectorSize,
    setEntry,
  };
}

/** A directory entry of 32 bytes. */
export function directoryEntry(name: string, attributes: number): Buffer {
  const entry = Buffer.alloc(32);
  entry.write(name.padEnd(11), 0, 'latin1');
  entry[11] = attributes;
  return entry;
}

export interface ExfatModel {
  readonly clusters: number;
  readonly sectorShift?: number;
  readonly clusterShift?: number;
  /** Clusters used by files, besides the volume's own. */
  readonly used?: readonly number[];
  readonly flags?: number;
  readonly fatCount?: number;
  /** Where the pieces of the bitmap lie, in order; default from cluster 2. */
  readonly bitmapClusters?: readonly number[];
  /** Sectors behind the last cluster. */
  readonly spareSectors?: number;
  /** Entries put into the root directory before those of the volume itself. */
  readonly extraEntries?: readonly Buffer[];
  readonly label?: string;
}

export interface ExfatVolume {
  readonly bytes: Buffer;
  readonly fatOffset: number;
  readonly heapOffset: number;
  readonly clusterBytes: number;
  readonly rootCluster: number;
  readonly upcaseCluster: number;
  readonly bitmapClusters: readonly number[];
  /** Writes `value` as the table's entry of `cluster`. */
  setEntry: (cluster: number, value: number) => void;
  /** Marks a cluster in the bitmap. */
  setUsed: (cluster: number, used: boolean) => void;
  /** First byte of a cluster. */
  clusterAt: (cluster: number) => number;
  /** Writes the checksums of both boot regions anew, and the backup from the main one. */
  seal: () => void;
}

/** The checksum of a boot region, as section 3.4 of the specification gives it. */
function checksum(sectors: Uint8Array): number {
  let sum = 0;
  for (const [i, byte] of sectors.entries())
    if (i !== 106 && i !== 107 && i !== 112) sum = ((((sum << 31) | (sum >>> 1)) >>> 0) + byte) >>> 0;
  return sum;
}

export function encodeExfat(model: ExfatModel): ExfatVolume {
  const { clusters, sectorShift = 9, clusterShift = 0, fatCount = 1, spareSectors = 0 } = model;
  const sectorSize = 2 ** sectorShift;
  const clusterBytes = sectorSize * 2 ** clusterShift;
  const fatSectors = Math.ceil(((clusters + 2) * 4) / sectorSize);
  const heapSector = 24 + fatSectors * fatCount;
  const total = heapSector + clusters * 2 ** clusterShift + spareSectors;
  const bytes = Buffer.alloc(total * sectorSize);
  const bitmapBytes = Math.ceil(clusters / 8);
  const bitmapCount = Math.ceil(bitmapBytes / clusterBytes);
  const bitmapClusters = model.bitmapClusters ?? Array.from({ length: bitmapCount }, (_, i) => 2 + i);
  const free = Array.from({ length: clusters }, (_, i) => 2 + i).filter((c) => !bitmapClusters.includes(c));
  const [upcaseCluster, rootCluster] = [free[0]!, free[1]!];
  const fatOffset = 24 * sectorSize;
  const heapOffset = heapSector * sectorSize;

  bytes.write('\xeb\x76\x90EXFAT   ', 0, 'latin1');
  bytes.writeBigUInt64LE(BigInt(total), 72);
  bytes.writeUInt32LE(24, 80);
  bytes.writeUInt32LE(fatSectors, 84);
  bytes.writeUInt32LE(heapSector, 88);
  bytes.writeUInt32LE(clusters, 92);
  bytes.writeUInt32LE(rootCluster, 96);
  bytes.writeUInt32LE(0x1234abcd, 100);
  bytes.writeUInt16LE(0x0100, 104);
  bytes.writeUInt16LE(model.flags ?? 0, 106);
  bytes.writeUInt8(sectorShift, 108);
  bytes.writeUInt8(clusterShift, 109);
  bytes.writeUInt8(fatCount, 110);
  bytes.writeUInt16LE(0xaa55, 510);

  const clusterAt = (cluster: number): number => heapOffset + (cluster - 2) * clusterBytes;
  const setEntry = (cluster: number, value: number): void => {
    for (let copy = 0; copy < fatCount; copy++)
      bytes.writeUInt32LE(value, fatOffset + copy * fatSectors * sectorSize + cluster * 4);
  };
  const setUsed = (cluster: number, used: boolean): void => {
    const byte = Math.floor((cluster - 2) / 8);
    const at = clusterAt(bitmapClusters[Math.floor(byte / clusterBytes)]!) + (byte % clusterBytes);
    const mask = 1 << ((cluster - 2) % 8);
    bytes[at] = used ? bytes[at]! | mask : bytes[at]! & ~mask;
  };
  for (const [i, cluster] of bitmapClusters.entries()) setEntry(cluster, bitmapClusters[i + 1] ?? 0xffffffff);
  setEntry(upcaseCluster, 0xffffffff);
  setEntry(rootCluster, 0xffffffff);
  for (const cluster of [...bitmapClusters, upcaseCluster, rootCluster, ...(model.used ?? [])])
    setUsed(cluster, true);

  const label = Buffer.alloc(32);
  label[0] = 0x83;
  label[1] = (model.label ?? '').length;
  label.write(model.label ?? '', 2, 'utf16le');
  const entries = [
    label,
    ...(model.extraEntries ?? []),
    pointerEntry(0x81, bitmapClusters[0]!, bitmapBytes),
    pointerEntry(0x82, upcaseCluster, 60),
  ];
  Buffer.concat(entries).copy(bytes, clusterAt(rootCluster));
  const seal = (): void => {
    const sum = checksum(bytes.subarray(0, 11 * sectorSize));
    for (let at = 11 * sectorSize; at < 12 * sectorSize; at += 4) bytes.writeUInt32LE(sum, at);
    bytes.copy(bytes, 12 * sectorSize, 0, 12 * sectorSize);
  };
  seal();
  return {
    bytes,
    fatOffset,
    heapOffset,
    clusterBytes,
    rootCluster,
    upcaseCluster,
    bitmapClusters,
    setEntry,
    setUsed,
    clusterAt,
    seal,
  };
}

/** A root directory entry that points to `length` bytes: an allocation bitmap (0x81) or up-case table (0x82). */
export function pointerEntry(type: number, firstCluster: number, length: number): Buffer {
  const entry = Buffer.alloc(32);
  entry[0] = type;
  entry.writeUInt32LE(firstCluster, 20);
  entry.writeBigUInt64LE(BigInt(length), 24);
  return entry;
}
