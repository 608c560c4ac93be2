/**
 * BitLocker volumes, named with the kinds of their key protectors, which lie unencrypted in the metadata.
 * After the "BitLocker Drive Encryption (BDE) format specification" of libbde.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import type { FileSystem } from '../file-system.ts';
import { namedFileSystem, peek, type Identity, type ProberEntry } from './signature.ts';

const toGoGuid = '4967d63b-2e29-4ad8-8399-f6a339e3d001';
/** The largest metadata that is read. */
const maxMetadataBytes = 64 * 1024;

const protectors: ReadonlyMap<number, string> = new Map([
  [0x0000, 'clear key (suspended)'],
  [0x0100, 'TPM'],
  [0x0200, 'startup key'],
  [0x0500, 'TPM and PIN'],
  [0x0800, 'recovery password'],
  [0x2000, 'password'],
]);

const methods: ReadonlyMap<number, string> = new Map([
  [0x8000, 'AES-128-CBC with diffuser'],
  [0x8001, 'AES-256-CBC with diffuser'],
  [0x8002, 'AES-128-CBC'],
  [0x8003, 'AES-256-CBC'],
  [0x8004, 'AES-128-XTS'],
  [0x8005, 'AES-256-XTS'],
]);

/** Recognises BitLocker on fixed disks and BitLocker To Go, whose start is a small FAT32 volume. */
export async function probeBitlocker(reader: BlockReader): Promise<FileSystem | undefined> {
  const sector = await peek(reader, 0, 512);
  if (sector === undefined) return undefined;
  const f = new Fields(sector, 'BitLocker volume header');
  const fixed = f.text(3, 8) === '-FVE-FS-';
  const toGo = f.text(3, 8) === 'MSWIN4.1' && f.guid(424) === toGoGuid;
  if (!fixed && !toGo) return undefined;
  // Windows Vista counts in clusters and keeps the one offset in the place of NTFS' $MFTMirr.
  const vista = fixed && f.u8(1) === 0x52;
  const offsets = vista
    ? [f.bigU64(56) * BigInt(f.u16(11) * f.u8(13))]
    : [0, 8, 16].map((i) => f.bigU64((toGo ? 440 : 176) + i));
  for (const offset of offsets) {
    const identity = await readMetadata(reader, Number(offset));
    if (identity === undefined) continue;
    return namedFileSystem('bitlocker', { ...identity, details: { toGo, ...identity.details } });
  }
  return namedFileSystem('bitlocker', { details: { toGo } });
}

/** What one copy of the metadata tells; `undefined` if it is not there, not readable or not sound. */
async function readMetadata(reader: BlockReader, offset: number): Promise<Identity | undefined> {
  try {
    const head = await peek(reader, offset, 112);
    if (head === undefined) return undefined;
    const f = new Fields(head, 'BitLocker metadata');
    if (f.text(0, 8) !== '-FVE-FS-') return undefined;
    const sizeBytes = Math.min(f.u32(64), maxMetadataBytes);
    const all = await peek(reader, offset + 64, sizeBytes);
    return all === undefined ? undefined : parseMetadata(new Fields(all, 'BitLocker metadata'));
  } catch (error) {
    if (!isPermafrostError(error)) throw error;
    return undefined;
  }
}

function parseMetadata(f: Fields): Identity {
  const found = new Set<string>();
  let description = '';
  for (let at = 48; at + 8 <= f.length;) {
    const size = f.u16(at);
    if (size < 8 || at + size > f.length) break;
    const type = f.u16(at + 2);
    const valueType = f.u16(at + 4);
    if (type === 2 && valueType === 8 && size >= 36) {
      const protection = f.u16(at + 8 + 26);
      found.add(protectors.get(protection) ?? `unknown (0x${protection.toString(16)})`);
    } else if (type === 7 && valueType === 2) description = f.utf16(at + 8, size - 8);
    at += size;
  }
  const method = f.u16(36);
  return {
    uuid: f.guid(16),
    details: {
      protectors: [...found],
      encryption: methods.get(method) ?? `unknown (0x${method.toString(16)})`,
      ...(description === '' ? {} : { description }),
    },
  };
}

export const bitlocker: ProberEntry = { kind: 'bitlocker', role: 'container', probe: probeBitlocker };
