/**
 * A boot entry of UEFI firmware: what the variable Boot#### holds. UEFI 2.10, sections 3.1.3 "Load Options" and
 * 10.3.5 "Media Device Path". All fields are little-endian.
 */
import { Fields } from '../base/fields.ts';

export interface LoadOption {
  readonly label: string;
  /** The firmware skips entries that are not active. */
  readonly active: boolean;
  /** The partition it names, where it names one. */
  readonly partition?: {
    readonly number: number;
    /** The GPT partition's GUID, or the signature of an MBR, 8 hexadecimal digits. */
    readonly id: string;
    readonly style: 'gpt' | 'mbr';
  };
  /** For example `\EFI\debian\shimx64.efi`; absent if it names a device alone. */
  readonly path?: string;
}

const ACTIVE = 1;
const MEDIA = 4;
const HARD_DRIVE = 1;
const FILE_PATH = 4;
const END = 0x7f;
const MAX_NODES = 64;

/** The entry in `value`, a variable's content without its attributes. Throws `structure/invalid`. */
export function parseLoadOption(value: Uint8Array): LoadOption {
  const f = new Fields(value, 'UEFI boot entry');
  const pathBytes = f.u16(4);
  const label = f.utf16(6, f.length - 6);
  const start = 6 + 2 * (label.length + 1);
  const end = start + pathBytes;
  let partition: LoadOption['partition'];
  let path = '';
  let at = start;
  for (let i = 0; i < MAX_NODES && at + 4 <= end; i++) {
    const type = f.u8(at);
    const kind = f.u8(at + 1);
    const length = f.u16(at + 2);
    if (length < 4 || at + length > end) f.fail(`has a path of ${length} bytes`, at);
    if (type === END) break;
    if (type === MEDIA && kind === HARD_DRIVE && length >= 42) {
      const isGpt = f.u8(at + 41) === 2;
      partition = {
        number: f.u32(at + 4),
        id: isGpt
          ? f.guid(at + 24)
          : f
              .u32(at + 24)
              .toString(16)
              .padStart(8, '0'),
        style: isGpt ? 'gpt' : 'mbr',
      };
    }
    if (type === MEDIA && kind === FILE_PATH) path += f.utf16(at + 4, length - 4);
    at += length;
  }
  return {
    label,
    active: (f.u32(0) & ACTIVE) !== 0,
    ...(partition === undefined ? {} : { partition }),
    ...(path === '' ? {} : { path }),
  };
}
