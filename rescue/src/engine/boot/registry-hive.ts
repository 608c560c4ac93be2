/**
 * Reads a hive of the Windows registry, which is what a BCD store is. After "Windows registry file format
 * specification" by M. Suhanov. All fields are little-endian.
 */
import { Fields } from '../base/fields.ts';

const BASE_BYTES = 4096;
const MAX_KEYS = 65536;
const COMPACT_NAME = 0x20;
const COMPACT_VALUE_NAME = 1;
const INLINE = 0x80000000;
const NONE = 0xffffffff;

/** A key; offsets are from the end of the base block. */
export interface HiveKey {
  readonly name: string;
  readonly subkeys: () => HiveKey[];
  readonly values: () => HiveValue[];
}

export interface HiveValue {
  readonly name: string;
  /** A view into the hive. */
  readonly data: Uint8Array;
  /** Offset of {@link data} in the file, in bytes. */
  readonly offset: number;
}

/** The root key of the hive `bytes`. Throws `structure/invalid`. */
export function parseHive(bytes: Uint8Array): HiveKey {
  const base = new Fields(bytes, 'registry hive');
  if (base.text(0, 4) !== 'regf') base.fail('does not begin with regf');
  if (base.u32(4) !== base.u32(8)) base.fail('was not written completely: its two sequence numbers differ');
  return new Hive(base).key(base.u32(36));
}

class Hive {
  readonly #base: Fields;
  #keysRead = 0;

  constructor(base: Fields) {
    this.#base = base;
  }

  key(at: number): HiveKey {
    // A list that points back into itself ends here.
    if (++this.#keysRead > MAX_KEYS) this.#base.fail(`has more than ${MAX_KEYS} keys`);
    const f = this.#cell(at);
    if (f.text(0, 2) !== 'nk') f.fail('is no key');
    const isCompact = (f.u16(2) & COMPACT_NAME) !== 0;
    return {
      name: name(f, 76, f.u16(72), isCompact),
      subkeys: () => (f.u32(20) === 0 ? [] : this.#subkeys(f.u32(28), 0)),
      values: () => (f.u32(36) === 0 ? [] : this.#values(f.u32(40), f.u32(36))),
    };
  }

  #cell(at: number): Fields {
    if (at === NONE) this.#base.fail('points to no cell');
    const start = BASE_BYTES + at;
    const size = -this.#base.i32(start);
    if (size < 8) this.#base.fail(`has no cell at ${at}`);
    return this.#base.sub(start + 4, size - 4, `registry cell at ${at}`);
  }

  #subkeys(at: number, depth: number): HiveKey[] {
    const f = this.#cell(at);
    const kind = f.text(0, 2);
    const count = f.u16(2);
    if (kind === 'ri') {
      if (depth > 0) f.fail('is a list of lists of lists');
      return Array.from({ length: count }, (_, i) => this.#subkeys(f.u32(4 + i * 4), 1)).flat();
    }
    if (kind !== 'lf' && kind !== 'lh' && kind !== 'li') f.fail('is no list of keys');
    const step = kind === 'li' ? 4 : 8;
    return Array.from({ length: count }, (_, i) => this.key(f.u32(4 + i * step)));
  }

  #values(at: number, count: number): HiveValue[] {
    const list = this.#cell(at);
    if (count * 4 > list.length) list.fail(`has no room for ${count} values`);
    return Array.from({ length: count }, (_, i) => this.#value(list.u32(i * 4)));
  }

  #value(at: number): HiveValue {
    const f = this.#cell(at);
    if (f.text(0, 2) !== 'vk') f.fail('is no value');
    const isCompact = (f.u16(16) & COMPACT_VALUE_NAME) !== 0;
    const size = f.u32(4);
    const valueName = name(f, 20, f.u16(2), isCompact);
    if (size >= INLINE)
      return { name: valueName, data: f.slice(8, size - INLINE), offset: BASE_BYTES + at + 4 + 8 };
    if (size === 0) return { name: valueName, data: new Uint8Array(0), offset: 0 };
    const place = f.u32(8);
    return { name: valueName, data: this.#cell(place).slice(0, size), offset: BASE_BYTES + place + 4 };
  }
}

function name(f: Fields, at: number, length: number, isCompact: boolean): string {
  return isCompact ? f.text(at, length) : f.utf16(at, length);
}
