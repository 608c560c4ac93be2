/**
 * What Windows leaves in files of a volume: a saved session (hiberfil.sys) and shadow copies (in System
 * Volume Information and in the last sector of $Boot; "Volume Shadow Snapshot (VSS) format", libvshadow).
 */
import { Fields } from '../../base/fields.ts';
import { attributeTypes } from './attribute.ts';
import { readDirectory, type DirectoryEntry } from './directory.ts';
import type { Mft } from './mft.ts';
import { metadataFiles } from './record.ts';
import { Stream } from './stream.ts';

/**
 * - `none`: no hiberfil.sys, or one that holds no session.
 * - `saved`: a session of Windows is to be resumed (hibernation or fast start-up).
 * - `unreadable`: a hiberfil.sys whose content is not known.
 */
export type Hibernation = 'none' | 'saved' | 'unreadable';

export interface WindowsFiles {
  readonly hibernation: Hibernation;
  /** Stores of shadow copies on this volume: mostly of itself, sometimes of another volume. */
  readonly shadowCopies: number;
  /** Whether shadow copies of this volume are kept on another one. */
  readonly hasShadowCopiesElsewhere: boolean;
}

const HIBERNATION_HEADER_BYTES = 4096;
const SHADOW_HEADER_OFFSET = 0x1e00;
const SHADOW_GUID = '3808876b-c176-4e48-b7ae-04046e6cc752';
const SHADOW_STORE = /^\{[0-9a-f-]{36}\}\{3808876b-c176-4e48-b7ae-04046e6cc752\}$/i;

/** Looks for them. Throws `structure/invalid` where directories or records are damaged. */
export async function readWindowsFiles(mft: Mft): Promise<WindowsFiles> {
  let hibernation: Hibernation = 'none';
  let shadowCopies = 0;
  const root = await mft.readFile(metadataFiles.root);
  for await (const entry of readDirectory(mft, root)) {
    const name = entry.name.toLowerCase();
    if (name === 'hiberfil.sys' && hibernation === 'none') hibernation = await readHibernation(mft, entry);
    if (name === 'system volume information') shadowCopies += await countShadowCopies(mft, entry);
  }
  const header = await mft.reader.read(SHADOW_HEADER_OFFSET, 96);
  return { hibernation, shadowCopies, hasShadowCopiesElsewhere: parseShadowHeader(header) };
}

/** Whether the header of a volume's shadow copies names a catalogue on another volume. */
function parseShadowHeader(bytes: Uint8Array): boolean {
  const header = new Fields(bytes, 'shadow copy header');
  if (header.guid(0) !== SHADOW_GUID || header.bigU64(48) === 0n) return false;
  return header.guid(64) !== header.guid(80);
}

async function readHibernation(mft: Mft, entry: DirectoryEntry): Promise<Hibernation> {
  const file = await mft.readFile(entry.reference.record, entry.reference.sequence);
  const data = await mft.readAttribute(file, attributeTypes.data, '');
  if (data === undefined) return 'none';
  if (!(data instanceof Stream)) return parseHibernation(data.value.bytes);
  if (data.isEncoded) return 'unreadable';
  return parseHibernation(await data.read(0, Math.min(HIBERNATION_HEADER_BYTES, data.dataBytes)));
}

/**
 * What `header`, the first bytes of hiberfil.sys, tells. Windows clears it or writes `wake` once the session
 * has been resumed; whatever else is there must be taken for a session.
 */
function parseHibernation(header: Uint8Array): Hibernation {
  const magic = Buffer.from(header.subarray(0, 4)).toString('latin1').toLowerCase();
  if (magic === 'wake' || header.every((byte) => byte === 0)) return 'none';
  return magic === 'hibr' ? 'saved' : 'unreadable';
}

async function countShadowCopies(mft: Mft, entry: DirectoryEntry): Promise<number> {
  const directory = await mft.readFile(entry.reference.record, entry.reference.sequence);
  if (!directory.isDirectory) return 0;
  let count = 0;
  for await (const { name } of readDirectory(mft, directory)) if (SHADOW_STORE.test(name)) count++;
  return count;
}
