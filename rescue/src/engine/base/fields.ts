/**
 * Bounds-checked fields of an on-disk structure. Every parser reads through this, so a length or an offset
 * that does not add up ends in `structure/invalid` with the structure named, never in `undefined`.
 */
import { PermafrostError } from './errors.ts';

export class Fields {
  readonly bytes: Uint8Array;
  readonly structure: string;
  readonly #view: DataView;

  /** Fields of `bytes` (not copied); `structure` is what errors call it, for example `ext4 superblock`. */
  constructor(bytes: Uint8Array, structure: string) {
    this.bytes = bytes;
    this.structure = structure;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Throws `structure/invalid` naming this structure; returns `never` so that callers need no `throw`. */
  fail(problem: string, offset?: number): never {
    const where = offset === undefined ? {} : { offset };
    throw new PermafrostError('structure/invalid', { structure: this.structure, problem, ...where });
  }

  #check(offset: number, length: number): void {
    if (!(offset >= 0) || offset + length > this.bytes.length)
      this.fail(`ends before its field at ${offset} (${length} bytes)`);
  }

  u8(offset: number): number {
    this.#check(offset, 1);
    return this.#view.getUint8(offset);
  }

  i8(offset: number): number {
    this.#check(offset, 1);
    return this.#view.getInt8(offset);
  }

  u16(offset: number): number {
    this.#check(offset, 2);
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getUint32(offset, true);
  }

  i32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getInt32(offset, true);
  }

  /** A little-endian 64-bit unsigned field; refuses what a JavaScript number cannot hold exactly. */
  u64(offset: number): number {
    this.#check(offset, 8);
    return this.#safe(this.#view.getBigUint64(offset, true), offset);
  }

  /** A little-endian 64-bit field as it is. */
  bigU64(offset: number): bigint {
    this.#check(offset, 8);
    return this.#view.getBigUint64(offset, true);
  }

  u16be(offset: number): number {
    this.#check(offset, 2);
    return this.#view.getUint16(offset, false);
  }

  u32be(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getUint32(offset, false);
  }

  /** A big-endian 64-bit unsigned field; refuses what a JavaScript number cannot hold exactly. */
  u64be(offset: number): number {
    this.#check(offset, 8);
    return this.#safe(this.#view.getBigUint64(offset, false), offset);
  }

  #safe(value: bigint, offset: number): number {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`holds the impossible value ${value}`, offset);
    return Number(value);
  }

  /** A view (not a copy) of `length` bytes at `offset`. */
  slice(offset: number, length: number): Uint8Array {
    this.#check(offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  /** Fields of `length` bytes at `offset`, named `structure`. */
  sub(offset: number, length: number, structure = this.structure): Fields {
    return new Fields(this.slice(offset, length), structure);
  }

  /** Latin-1 text up to the first NUL, trailing blanks removed. */
  text(offset: number, length: number): string {
    const bytes = this.slice(offset, length);
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end))
      .toString('latin1')
      .trimEnd();
  }

  /** UTF-8 text up to the first NUL. */
  utf8(offset: number, length: number): string {
    const bytes = this.slice(offset, length);
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
  }

  /** UTF-16LE text of `length` bytes up to the first NUL. */
  utf16(offset: number, length: number): string {
    const text = Buffer.from(this.slice(offset, length - (length % 2))).toString('utf16le');
    const end = text.indexOf('\0');
    return end < 0 ? text : text.slice(0, end);
  }

  hex(offset: number, length: number): string {
    return Buffer.from(this.slice(offset, length)).toString('hex');
  }

  /** A UUID stored in text order (RFC 9562), in lower case. */
  uuid(offset: number): string {
    return dashes(this.hex(offset, 16));
  }

  /** A GUID whose first three groups are little-endian, as GPT and Windows store it, in lower case. */
  guid(offset: number): string {
    const b = Buffer.from(this.slice(offset, 16));
    return dashes(
      Buffer.from([b[3]!, b[2]!, b[1]!, b[0]!, b[5]!, b[4]!, b[7]!, b[6]!, ...b.subarray(8)]).toString('hex'),
    );
  }
}

function dashes(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
