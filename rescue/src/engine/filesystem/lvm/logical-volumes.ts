/**
 * The logical volumes of an LVM2 volume group that has one physical volume, as readers: those that are laid out
 * linearly, as installers make them (lvm2 `lib/format_text/layout.h`). All fields are little-endian.
 */
import { checkRange, type BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { parseLvmText, type LvmSection, type LvmValue } from './text-metadata.ts';

export interface LogicalVolume {
  /** For example `vg-root`, as in `/dev/mapper`. */
  readonly mapperName: string;
  readonly group: string;
  readonly name: string;
  /** Absent where it is not simply a row of extents of this physical volume. */
  readonly reader?: BlockReader;
}

const LABEL_SECTORS = 4;
const SECTOR_BYTES = 512;
const AREA_MAGIC = ' LVM2 x[5A%r0N*>';
/** More than lvm2 makes by itself; it grows with the number of volumes. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** The volumes of the group that the physical volume on `reader` belongs to. Throws `structure/invalid`. */
export async function readLogicalVolumes(reader: BlockReader): Promise<LogicalVolume[]> {
  const pv = await readPhysicalVolume(reader);
  if (pv?.text === undefined) return [];
  const top = parseLvmText(pv.text);
  const found = Object.entries(top).find(
    ([, value]) => isSection(value) && isSection(value['physical_volumes']),
  );
  if (found === undefined) return [];
  const [group, vg] = found as [string, LvmSection];
  const own = Object.entries(section(vg['physical_volumes'])).find(
    ([, value]) => isSection(value) && idOf(value) === pv.id,
  );
  if (own === undefined) return [];
  const place = {
    pvName: own[0],
    start: number(section(own[1])['pe_start']) * SECTOR_BYTES,
    extentBytes: number(vg['extent_size']) * SECTOR_BYTES,
  };
  return Object.entries(section(vg['logical_volumes'])).map(([name, value]) => {
    const mapperName = `${group.replaceAll('-', '--')}-${name.replaceAll('-', '--')}`;
    const volume = linearReader(reader, section(value), place, mapperName);
    return { mapperName, group, name, ...(volume === undefined ? {} : { reader: volume }) };
  });
}

interface PhysicalVolume {
  /** 32 characters. */
  readonly id: string;
  readonly text?: string;
}

async function readPhysicalVolume(reader: BlockReader): Promise<PhysicalVolume | undefined> {
  if (reader.sizeBytes < LABEL_SECTORS * SECTOR_BYTES) return undefined;
  for (let sector = 0; sector < LABEL_SECTORS; sector++) {
    const f = new Fields(await reader.read(sector * SECTOR_BYTES, SECTOR_BYTES), 'LVM2 label');
    if (f.text(0, 8) !== 'LABELONE') continue;
    let at = f.u32(20);
    const id = f.text(at, 32);
    at += 40;
    while (f.u64(at) !== 0) at += 16; // areas of data
    at += 16;
    for (; at + 16 <= f.length && f.u64(at) !== 0; at += 16) {
      const text = await readArea(reader, f.u64(at), f.u64(at + 8));
      if (text !== undefined) return { id, text };
    }
    return { id };
  }
  return undefined;
}

/** The newest text in the ring of the metadata area of `size` bytes at `start`. */
async function readArea(reader: BlockReader, start: number, size: number): Promise<string | undefined> {
  const f = new Fields(await reader.read(start, SECTOR_BYTES), 'LVM2 metadata area');
  if (Buffer.from(f.slice(4, 16)).toString('latin1') !== AREA_MAGIC) return undefined;
  const offset = f.u64(40);
  const length = f.u64(48);
  if (offset === 0 || length === 0) return undefined;
  if (offset < SECTOR_BYTES || offset >= size || length > Math.min(size - SECTOR_BYTES, MAX_TEXT_BYTES))
    f.fail(`points to ${length} bytes at ${offset} of ${size}`);
  const first = Math.min(length, size - offset);
  const text = [await reader.read(start + offset, first)];
  if (first < length) text.push(await reader.read(start + SECTOR_BYTES, length - first));
  const joined = Buffer.concat(text).toString('utf8');
  const end = joined.indexOf('\0');
  return end < 0 ? joined : joined.slice(0, end);
}

interface Place {
  readonly pvName: string;
  /** First byte of the first extent. */
  readonly start: number;
  readonly extentBytes: number;
}

function linearReader(
  parent: BlockReader,
  volume: LvmSection,
  place: Place,
  name: string,
): BlockReader | undefined {
  const { extentBytes } = place;
  const segments: { start: number; length: number; from: number }[] = [];
  for (let i = 1; i <= number(volume['segment_count']); i++) {
    const segment = volume[`segment${i}`];
    if (!isSection(segment)) return undefined;
    const stripes = segment['stripes'];
    const isLinear = segment['type'] === 'striped' && segment['stripe_count'] === 1;
    if (!isLinear || !Array.isArray(stripes) || stripes[0] !== place.pvName) return undefined;
    segments.push({
      start: number(segment['start_extent']) * extentBytes,
      length: number(segment['extent_count']) * extentBytes,
      from: place.start + number(stripes[1] as LvmValue) * extentBytes,
    });
  }
  const sizeBytes = Math.max(0, ...segments.map(({ start, length }) => start + length));
  const reader: BlockReader = {
    name: `${parent.name} volume ${name}`,
    sizeBytes,
    sectorSize: parent.sectorSize,
    async read(offset, length) {
      checkRange(reader, offset, length);
      const bytes = new Uint8Array(length);
      for (const segment of segments) {
        const from = Math.max(offset, segment.start);
        const to = Math.min(offset + length, segment.start + segment.length);
        if (from < to)
          bytes.set(await parent.read(segment.from + from - segment.start, to - from), from - offset);
      }
      return bytes;
    },
  };
  return reader;
}

function idOf({ id }: LvmSection): string {
  return typeof id === 'string' ? id.replaceAll('-', '') : '';
}

function isSection(value: LvmValue | undefined): value is LvmSection {
  return typeof value === 'object' && !Array.isArray(value);
}

function section(value: LvmValue | undefined): LvmSection {
  return isSection(value) ? value : {};
}

function number(value: LvmValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}
