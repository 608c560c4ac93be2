/**
 * Where a file names identifiers of disks, partitions and file systems, and the same file with others in their place.
 * A new identifier is as long as the old one, so that a file keeps its size and its place.
 */
import { encodeGuid } from '../partition/gpt.ts';
import { parseBcd } from './bcd.ts';
import { parseHive, type HiveKey } from './registry-hive.ts';

/** How a file names identifiers: as words of a text, or in the binary ways of Windows. */
export type NamingKind = 'text' | 'program' | 'bcd' | 'registry';

/** An identifier as blkid prints it, in lower case; of an MBR disk its signature. */
export type IdKey = string;

export interface NamedId {
  readonly id: IdKey;
  /** In the file, in bytes. */
  readonly offset: number;
  readonly form: 'text' | 'guid' | 'signature';
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SIGNATURE = /^[0-9a-f]{8}$/;
/** What a mounted GPT partition is called in the registry, before its GUID. */
const GPT_DEVICE = Buffer.from('DMIO:ID:', 'latin1');
const MBR_DEVICE_BYTES = 12;

/**
 * Every place in `bytes` that names one of `ids`, ascending. Throws `structure/invalid` where a store of Windows
 * cannot be read, or was not written completely.
 */
export function findIds(kind: NamingKind, bytes: Uint8Array, ids: Iterable<IdKey>): NamedId[] {
  const wanted = new Set(ids);
  const found =
    kind === 'bcd'
      ? inStore(bytes, wanted)
      : kind === 'registry'
        ? inRegistry(bytes, wanted)
        : inText(bytes, wanted);
  return found.sort((a, b) => a.offset - b.offset);
}

/** `bytes` with the identifiers of `named` that `renewed` has replaced. Throws RangeError if one is of another length. */
export function replaceIds(
  bytes: Uint8Array,
  named: readonly NamedId[],
  renewed: ReadonlyMap<IdKey, string>,
): Buffer {
  const result = Buffer.from(bytes);
  for (const { id, offset, form } of named) {
    const to = renewed.get(id);
    if (to === undefined) continue;
    if (to.length !== id.length) throw new RangeError(`${to} is not as long as ${id}`);
    if (form === 'guid') result.set(encodeGuid(to.toLowerCase()), offset);
    else if (form === 'signature') result.writeUInt32LE(parseInt(to, 16), offset);
    else {
      // Programs compare some kinds by their letters: as the old one was written, so is the new one.
      const was = result.toString('latin1', offset, offset + id.length);
      const isLower = was === was.toLowerCase();
      const isUpper = was === was.toUpperCase();
      const text = isLower === isUpper ? to : isLower ? to.toLowerCase() : to.toUpperCase();
      result.write(text, offset, 'latin1');
    }
  }
  return result;
}

function inText(bytes: Uint8Array, wanted: ReadonlySet<IdKey>): NamedId[] {
  // Eight digits alone are no name that a text uses.
  const ids = [...wanted].filter((id) => !SIGNATURE.test(id));
  if (ids.length === 0) return [];
  const pattern = new RegExp(`(?<![0-9a-z-])(?:${ids.join('|')})(?![0-9a-z-])`, 'gi');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return [...text.matchAll(pattern)].map((match) => ({
    id: match[0].toLowerCase(),
    offset: match.index,
    form: 'text',
  }));
}

/** Devices of all elements; a GUID of a disk or partition stands for nothing else, wherever it is. */
function inStore(bytes: Uint8Array, wanted: ReadonlySet<IdKey>): NamedId[] {
  const entries = parseBcd(bytes);
  const signatures = entries.flatMap(({ devices }) =>
    devices
      .filter(({ style, diskId }) => style === 'mbr' && wanted.has(diskId))
      .map(({ diskId, diskOffset }): NamedId => ({ id: diskId, offset: diskOffset, form: 'signature' })),
  );
  return [...signatures, ...guidsIn(bytes, wanted)];
}

function guidsIn(bytes: Uint8Array, wanted: ReadonlySet<IdKey>, before?: Buffer): NamedId[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: NamedId[] = [];
  for (const id of wanted) {
    if (!GUID.test(id)) continue;
    const guid = Buffer.from(encodeGuid(id));
    const needle = before === undefined ? guid : Buffer.concat([before, guid]);
    const skip = needle.length - guid.length;
    for (let at = buffer.indexOf(needle); at >= 0; at = buffer.indexOf(needle, at + 1))
      found.push({ id, offset: at + skip, form: 'guid' });
  }
  return found;
}

/** The registry's list of drive letters: a partition by its GUID, or by the disk's signature and where it begins. */
function inRegistry(bytes: Uint8Array, wanted: ReadonlySet<IdKey>): NamedId[] {
  const mounted = child(parseHive(bytes), 'MountedDevices');
  if (mounted === undefined) return [];
  const found: NamedId[] = [];
  for (const { data, offset } of mounted.values()) {
    const signature = data.length === MBR_DEVICE_BYTES ? Buffer.from(data).readUInt32LE() : undefined;
    const id = signature?.toString(16).padStart(8, '0');
    if (id !== undefined && wanted.has(id)) found.push({ id, offset, form: 'signature' });
    for (const named of guidsIn(data, wanted, GPT_DEVICE))
      found.push({ ...named, offset: offset + named.offset });
  }
  return found;
}

function child(key: HiveKey, name: string): HiveKey | undefined {
  return key.subkeys().find((one) => one.name.toLowerCase() === name.toLowerCase());
}
