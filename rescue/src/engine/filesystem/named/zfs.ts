/**
 * Members of ZFS pools, by the labels at both ends of the region: name and GUID from the XDR-encoded
 * configuration, and an uberblock. After Sun's "ZFS On-Disk Specification" (2006), chapter 1.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import type { FileSystem } from '../file-system.ts';
import { namedFileSystem, peek, type Identity, type ProberEntry } from './signature.ts';

const labelBytes = 256 * 1024;
const configOffset = 16 * 1024;
const configBytes = 112 * 1024;
const uberblockOffset = 128 * 1024;
const uberblockMagic = 0x00bab10cn;

async function readLabel(reader: BlockReader, at: number): Promise<Identity | undefined> {
  const head = await peek(reader, at + configOffset, 12);
  // XDR encoding, then the byte order of the host that wrote it, then two reserved bytes.
  if (head?.[0] !== 1 || head[1]! > 1) return undefined;
  const config = await peek(reader, at + configOffset, configBytes);
  const uberblocks = await peek(reader, at + uberblockOffset, 128 * 1024);
  if (config === undefined || uberblocks === undefined) return undefined;
  if (!hasUberblock(new Fields(uberblocks, 'ZFS uberblocks'))) return undefined;
  try {
    return parseConfig(new Fields(config, 'ZFS label'));
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return undefined;
  }
}

function hasUberblock(f: Fields): boolean {
  for (let at = 0; at < f.length; at += 1024) {
    // In the byte order of the host that wrote it.
    if (f.bigU64(at) === uberblockMagic || readU64(f, at) === String(uberblockMagic)) return true;
  }
  return false;
}

/** The pairs at the top of the configuration; nested lists are skipped by their encoded size. */
function parseConfig(f: Fields): Identity | undefined {
  let label: string | undefined;
  let uuid: string | undefined;
  let state: string | undefined;
  for (let at = 12; at + 12 <= f.length;) {
    const size = f.u32be(at);
    if (size === 0) break;
    if (size < 20 || at + size > f.length) f.fail('a pair is longer than the label', at);
    const pair = f.sub(at, size);
    const nameBytes = pair.u32be(8);
    const name = pair.text(12, nameBytes);
    const value = 12 + Math.ceil(nameBytes / 4) * 4;
    const type = pair.u32be(value);
    if (type === 9 && name === 'name') label = pair.utf8(value + 12, pair.u32be(value + 8));
    if (type === 8 && name === 'pool_guid') uuid = readU64(pair, value + 8);
    if (type === 8 && name === 'state') state = readU64(pair, value + 8);
    at += size;
  }
  if (uuid === undefined) return undefined;
  return {
    ...(label === undefined ? {} : { label }),
    uuid,
    ...(state === undefined ? {} : { details: { poolState: state } }),
  };
}

function readU64(f: Fields, at: number): string {
  return Buffer.from(f.slice(at, 8)).readBigUInt64BE().toString();
}

async function probeLabels(reader: BlockReader, offsets: readonly number[]): Promise<FileSystem | undefined> {
  for (const at of offsets) {
    const identity = await readLabel(reader, at);
    if (identity !== undefined) return namedFileSystem('zfs', identity);
  }
  return undefined;
}

/** The two labels at the start make a member; the two at the end alone are often left from an earlier use. */
export const zfsMembers: readonly ProberEntry[] = [
  { kind: 'zfs', role: 'file-system', probe: (reader) => probeLabels(reader, [0, labelBytes]) },
  {
    kind: 'zfs',
    role: 'trace',
    probe: (reader) => {
      const end = Math.floor(reader.sizeBytes / labelBytes) * labelBytes;
      return probeLabels(reader, [end - 2 * labelBytes, end - labelBytes]);
    },
  },
];
