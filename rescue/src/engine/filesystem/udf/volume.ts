/**
 * The structure of a UDF volume: the recognition sequence, the anchor, and the volume descriptor sequence.
 * Layout: ECMA-167, 2/8 and 3/8.4 (sequences), 3/10 (descriptors); OSTA UDF 2.60, 2.2.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { readDescriptor, udfTags } from './tag.ts';
import { parseDstring, volumeSetUuid } from './text.ts';

/** A run of blocks from the start of the volume. */
export interface VolumeExtent {
  readonly block: number;
  readonly lengthBytes: number;
}

export interface UdfPartition {
  readonly number: number;
  readonly startBlock: number;
  readonly blockCount: number;
  /** Extents of the partition header, in blocks of the partition; absent if their length is 0. */
  readonly spaceTable: VolumeExtent | undefined;
  readonly spaceBitmap: VolumeExtent | undefined;
}

/** A partition as the logical volume sees it. */
export interface UdfPartitionMap {
  /** `physical`, or what a map of type 2 calls itself: `*UDF Metadata Partition`, for example. */
  readonly kind: string;
  readonly partitionNumber: number | undefined;
}

export interface UdfVolume {
  readonly blockSize: number;
  readonly label: string;
  readonly uuid: string | undefined;
  /** As in `0x0201`: the lowest that describes the volume. */
  readonly revision: number;
  readonly partitions: readonly UdfPartition[];
  readonly maps: readonly UdfPartitionMap[];
  readonly integrity: VolumeExtent | undefined;
  /** Where the root of the files is, in blocks of the partition that map `mapIndex` shows. */
  readonly fileSet: { readonly block: number; readonly mapIndex: number };
  /** One past the last byte that any of the descriptors speaks of. */
  readonly sizeBytes: number;
}

const RECOGNITION_OFFSET = 32768;
const MAX_RECOGNITION = 64;
/** Of one sequence; also what ends a ring of pointers. */
const MAX_DESCRIPTORS = 1024;
const PARTITION_TYPE_2_BYTES = 64;

/** Whether the volume recognition sequence names UDF. */
export async function isUdf(reader: BlockReader): Promise<boolean> {
  // A descriptor has 2 KiB, and a sector to itself where sectors are larger.
  for (const step of [2048, 4096]) {
    for (let i = 0; i < MAX_RECOGNITION; i++) {
      const offset = RECOGNITION_OFFSET + i * step;
      if (offset + 8 > reader.sizeBytes) break;
      const name = Buffer.from(await reader.read(offset + 1, 5)).toString('latin1');
      if (name === 'NSR02' || name === 'NSR03') return true;
      if (!['BEA01', 'BOOT2', 'CD001', 'CDW02', 'TEA01'].includes(name)) break;
    }
  }
  return false;
}

/** The volume of `reader`. Throws `structure/invalid` if there is no anchor or no sequence that adds up. */
export async function readUdfVolume(reader: BlockReader): Promise<UdfVolume> {
  const problems = new Fields(new Uint8Array(0), 'UDF volume');
  for (const place of anchorPlaces(reader)) {
    const anchor = await readDescriptor(reader, place.block, place.blockSize);
    if (anchor?.identifier !== udfTags.anchor) continue;
    const main = extentAt(anchor.fields, 16);
    const reserve = extentAt(anchor.fields, 24);
    const found =
      (await readSequence(reader, main, place.blockSize)) ??
      (await readSequence(reader, reserve, place.blockSize));
    if (found === undefined) problems.fail('has no sound volume descriptor sequence');
    const ends = [place.block * place.blockSize + place.blockSize];
    for (const extent of [main, reserve]) ends.push(extent.block * place.blockSize + extent.lengthBytes);
    // The other anchors, where the volume fills what holds it.
    const blocks = Math.floor(reader.sizeBytes / place.blockSize);
    for (const block of [blocks - 257, blocks - 1]) {
      const other = block > 0 ? await readDescriptor(reader, block, place.blockSize) : undefined;
      if (other?.identifier === udfTags.anchor) ends.push((block + 1) * place.blockSize);
    }
    return parseVolume(found!, place.blockSize, ends);
  }
  return problems.fail('has no anchor');
}

/** Where anchors can be: ECMA-167, 3/8.4.2.1, and 512 on discs that are not closed. */
function* anchorPlaces(reader: BlockReader): Generator<{ block: number; blockSize: number }> {
  const sizes = [...new Set([reader.sectorSize, 2048, 512, 4096, 1024])];
  for (const blockSize of sizes) yield { block: 256, blockSize };
  for (const blockSize of sizes) {
    const blocks = Math.floor(reader.sizeBytes / blockSize);
    for (const block of [blocks - 257, blocks - 1, 512]) if (block > 0) yield { block, blockSize };
  }
}

function extentAt(fields: Fields, offset: number): VolumeExtent {
  return { lengthBytes: fields.u32(offset), block: fields.u32(offset + 4) };
}

/** The prevailing descriptors of a volume descriptor sequence: those with the highest sequence numbers. */
interface Sequence {
  readonly primary: Fields;
  readonly logical: Fields;
  /** By partition number. */
  readonly partitions: ReadonlyMap<number, Fields>;
}

async function readSequence(
  reader: BlockReader,
  extent: VolumeExtent,
  blockSize: number,
): Promise<Sequence | undefined> {
  let primary: Fields | undefined;
  let logical: Fields | undefined;
  const partitions = new Map<number, Fields>();
  const newer = (fields: Fields, than: Fields | undefined): boolean =>
    than === undefined || fields.u32(16) >= than.u32(16);

  let { block, lengthBytes } = extent;
  for (let read = 0; lengthBytes >= blockSize && read < MAX_DESCRIPTORS; read++) {
    const descriptor = await readDescriptor(reader, block, blockSize);
    // An unrecorded block ends a sequence as the terminating descriptor does.
    if (descriptor === undefined || descriptor.identifier === udfTags.terminating) break;
    const { identifier, fields } = descriptor;
    block++;
    lengthBytes -= blockSize;
    if (identifier === udfTags.primaryVolume && newer(fields, primary)) primary = fields;
    if (identifier === udfTags.logicalVolume && newer(fields, logical)) logical = fields;
    if (identifier === udfTags.partition && newer(fields, partitions.get(fields.u16(22))))
      partitions.set(fields.u16(22), fields);
    if (identifier === udfTags.pointer) ({ block, lengthBytes } = extentAt(fields, 20));
  }
  if (primary === undefined || logical === undefined || partitions.size === 0) return undefined;
  return { primary, logical, partitions };
}

function parseVolume(sequence: Sequence, blockSize: number, ends: number[]): UdfVolume {
  const { primary, logical } = sequence;
  if (logical.u32(212) !== blockSize)
    logical.fail(`has logical blocks of ${logical.u32(212)} bytes on sectors of ${blockSize}`);
  const partitions = [...sequence.partitions.values()].map(parsePartition);
  for (const { startBlock, blockCount } of partitions) ends.push((startBlock + blockCount) * blockSize);
  const integrity = logical.u32(432) === 0 ? undefined : extentAt(logical, 432);
  if (integrity !== undefined) ends.push(integrity.block * blockSize + integrity.lengthBytes);
  return {
    blockSize,
    label: parseDstring(logical.slice(84, 128)),
    uuid: volumeSetUuid(primary.slice(72, 128)),
    revision: logical.u16(240),
    partitions,
    maps: parseMaps(logical),
    integrity,
    fileSet: { block: logical.u32(252), mapIndex: logical.u16(256) },
    sizeBytes: Math.max(...ends),
  };
}

function parsePartition(fields: Fields): UdfPartition {
  // The two upper bits of the length say whether the extent is recorded; here it always is.
  const short = (offset: number): VolumeExtent | undefined => {
    const lengthBytes = fields.u32(offset) & 0x3fff_ffff;
    return lengthBytes === 0 ? undefined : { lengthBytes, block: fields.u32(offset + 4) };
  };
  return {
    number: fields.u16(22),
    startBlock: fields.u32(188),
    blockCount: fields.u32(192),
    spaceTable: short(56),
    spaceBitmap: short(64),
  };
}

function parseMaps(logical: Fields): UdfPartitionMap[] {
  const count = logical.u32(268);
  const maps: UdfPartitionMap[] = [];
  for (let i = 0, at = 440; i < count; i++) {
    const type = logical.u8(at);
    const length = logical.u8(at + 1);
    if (type === 1 && length === 6) maps.push({ kind: 'physical', partitionNumber: logical.u16(at + 4) });
    else if (type === 2 && length === PARTITION_TYPE_2_BYTES)
      maps.push({ kind: logical.text(at + 5, 23), partitionNumber: undefined });
    else logical.fail(`has a partition map of type ${type} and ${length} bytes`, at);
    at += length;
  }
  return maps;
}
