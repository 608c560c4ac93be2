/**
 * What a GRUB image carries besides code: where it looks for its files (prefix), and commands that it runs first.
 * After GRUB's `include/grub/kernel.h`: an info block, then modules, each with type and size.
 */
import { Fields } from '../base/fields.ts';

export interface GrubImage {
  /** For example `(,gpt2)/boot/grub` or `/EFI/debian`. */
  readonly prefix?: string;
  /** For example `search.fs_uuid … root`. */
  readonly config?: string;
}

const MAGIC = Buffer.from('mimg', 'latin1');
const TYPE_CONFIG = 2;
const TYPE_PREFIX = 3;
const MAX_MODULES = 1000;

/** Looks in `image`, unpacked, for the modules of a GRUB for 32 or 64 bits; `undefined` if there are none. */
export function parseGrubModules(image: Uint8Array): GrubImage | undefined {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length);
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
    for (const is64 of [false, true]) {
      const found = parseAt(new Fields(bytes.subarray(at), 'GRUB modules'), is64);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function parseAt(f: Fields, is64: boolean): GrubImage | undefined {
  const headerBytes = is64 ? 24 : 12;
  if (f.length < headerBytes) return undefined;
  const first = is64 ? f.bigU64(8) : BigInt(f.u32(4));
  const size = is64 ? f.bigU64(16) : BigInt(f.u32(8));
  if (first !== BigInt(headerBytes) || size < first || size > BigInt(f.length)) return undefined;
  let prefix: string | undefined;
  let config: string | undefined;
  let at = headerBytes;
  for (let i = 0; i < MAX_MODULES && at + 8 <= Number(size); i++) {
    const type = f.u32(at);
    const length = f.u32(at + 4);
    if (length < 8 || at + length > Number(size)) return undefined;
    if (type === TYPE_CONFIG) config = f.utf8(at + 8, length - 8);
    if (type === TYPE_PREFIX) prefix = f.utf8(at + 8, length - 8);
    at += length;
  }
  return { ...(prefix === undefined ? {} : { prefix }), ...(config === undefined ? {} : { config }) };
}
