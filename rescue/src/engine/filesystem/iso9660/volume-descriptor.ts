/**
 * The volume descriptors of ISO 9660, 2 KiB each from sector 16 on.
 * Layout: ECMA-119, 8 "Volume descriptors"; Joliet Specification, "SVD Escape Sequences Field".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';

const SECTOR_BYTES = 2048;
const FIRST_SECTOR = 16;
/** More than any disc has; ECMA-119 sets no limit. */
const MAX_DESCRIPTORS = 64;

export interface IsoVolume {
  /** Logical block in bytes. */
  readonly blockSize: number;
  /** The volume space in bytes, from the first sector of the disc. */
  readonly sizeBytes: number;
  readonly label: string;
  /** Label of a Joliet descriptor, which can be longer. */
  readonly jolietLabel: string | undefined;
  /** Modification date, or that of creation, as digits and dashes: `2026-11-22-19-24-58-00`. */
  readonly date: string | undefined;
  /** Whether El Torito boot images are on it. */
  readonly bootable: boolean;
}

/**
 * The volume that the descriptors at sector 16 describe, `undefined` if there is none. Where there are several
 * primary or supplementary descriptors, the largest size counts. Throws `structure/invalid` if they do not
 * add up.
 */
export async function readIsoVolume(reader: BlockReader): Promise<IsoVolume | undefined> {
  let primary: Fields | undefined;
  let jolietLabel: string | undefined;
  let bootable = false;
  let sizeBytes = 0;
  for (let i = 0; i < MAX_DESCRIPTORS; i++) {
    const offset = (FIRST_SECTOR + i) * SECTOR_BYTES;
    if (offset + SECTOR_BYTES > reader.sizeBytes) break;
    const descriptor = new Fields(await reader.read(offset, SECTOR_BYTES), 'ISO 9660 volume descriptor');
    if (Buffer.from(descriptor.slice(1, 5)).toString('latin1') !== 'CD001') break;
    const type = descriptor.u8(0);
    if (type === 255) break;
    if (type === 0 && descriptor.text(7, 32) === 'EL TORITO SPECIFICATION') bootable = true;
    if (type !== 1 && type !== 2) continue;
    sizeBytes = Math.max(sizeBytes, parseSize(descriptor));
    if (type === 1) primary ??= descriptor;
    if (type === 2 && isJoliet(descriptor)) jolietLabel ??= ucs2(descriptor.slice(40, 32));
  }
  if (primary === undefined) return undefined;
  return {
    blockSize: bothEndian16(primary, 128),
    sizeBytes,
    label: primary.text(40, 32).trim(),
    jolietLabel,
    date: parseDate(primary, 830) ?? parseDate(primary, 813),
    bootable,
  };
}

function parseSize(descriptor: Fields): number {
  const blockSize = bothEndian16(descriptor, 128);
  if (blockSize < 512 || blockSize > SECTOR_BYTES || (blockSize & (blockSize - 1)) !== 0)
    descriptor.fail(`has logical blocks of ${blockSize} bytes`, 128);
  const blocks = descriptor.u32(80);
  if (blocks !== descriptor.u32be(84))
    descriptor.fail('gives its size differently in its two byte orders', 80);
  if (blocks * blockSize <= FIRST_SECTOR * SECTOR_BYTES)
    descriptor.fail(`has a volume of ${blocks} blocks`, 80);
  return blocks * blockSize;
}

function bothEndian16(descriptor: Fields, offset: number): number {
  const value = descriptor.u16(offset);
  if (value !== descriptor.u16be(offset + 2))
    descriptor.fail('gives its block size differently in its two byte orders', offset);
  return value;
}

function isJoliet(descriptor: Fields): boolean {
  const escape = Buffer.from(descriptor.slice(88, 3)).toString('latin1');
  return escape === '%/@' || escape === '%/C' || escape === '%/E';
}

function ucs2(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).swap16().toString('utf16le');
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)).trim();
}

/** ECMA-119, 8.4.26.1: sixteen digits, all `0` if no date is given, and the offset from GMT. */
function parseDate(descriptor: Fields, offset: number): string | undefined {
  const digits = Buffer.from(descriptor.slice(offset, 16)).toString('latin1');
  if (!/^\d{16}$/.test(digits) || /^0{16}$/.test(digits)) return undefined;
  return digits.replace(/^(....)(..)(..)(..)(..)(..)(..)$/, '$1-$2-$3-$4-$5-$6-$7');
}
