/**
 * Fills a chunk index with all packs of a repository: from the merged indexes where they cover a pack, from
 * the pack's own index otherwise. The merged indexes are a cache: a damaged one is passed over.
 *
 * A merged index is a sequence of sections (section.ts, index magic): inner part: id of a pack (32), its
 * length (8), the inner part of that pack's index.
 */
import { type Said, say } from '../base/remarks.ts';
import { native } from 'blockdev-native';
import { errorWords, isPermafrostError, PermafrostError } from '../base/errors.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { FOLDERS, ID_BYTES, magics } from './format.ts';
import {
  encodePackIndex,
  FOOTER_BYTES,
  PACK_HEADER_BYTES,
  parseFooter,
  parseIndexSection,
  parsePackHeader,
  parsePackIndex,
  type PlacedFrame,
} from './pack-index.ts';
import type { FinishedPack } from './pack-writer.ts';
import { encodePrefix, parsePrefix, PREFIX_BYTES } from './section.ts';
import type { Store } from './store.ts';

/** A pack that is there. */
export interface Pack {
  readonly id: string;
  readonly sizeBytes: number;
}

/** A pack that is there and cannot be used. */
export interface DamagedPack extends Pack {
  readonly problem: Said;
}

export const PACK_NAME = /^([0-9a-f]{64})\.pack$/;
const INDEX_NAME = /^([0-9a-f]{64})\.index$/;
const PACK_ENTRY_BYTES = ID_BYTES + 8;
/** Merged indexes are joined when there are more files than this. */
const MAX_INDEX_FILES = 24;
/** A merged index is not joined any further from this size on. */
const FULL_INDEX_BYTES = 8 * 1024 * 1024;

/** The packs of `store`, by number, with their chunks entered into `index`; and those that cannot be used. */
export async function loadPacks(
  store: Store,
  repositoryId: string,
  index: ChunkIndex,
): Promise<{ packs: Pack[]; damaged: DamagedPack[] }> {
  const packs: Pack[] = [];
  const damaged: DamagedPack[] = [];
  const missing = new Map<string, number>();
  for (const { name, sizeBytes } of await store.list(FOLDERS.packs)) {
    const id = PACK_NAME.exec(name)?.[1];
    if (id !== undefined) missing.set(id, sizeBytes);
  }
  const enter = (id: string, sizeBytes: number, frames: readonly PlacedFrame[]): void => {
    enterFrames(index, packs.length, frames);
    packs.push({ id, sizeBytes });
    missing.delete(id);
  };
  for (const { name } of await store.list(FOLDERS.index)) {
    if (!INDEX_NAME.test(name)) continue;
    for (const entry of await readIndexFile(store, name)) {
      // A pack whose length differs was cut or exchanged: its own index tells, or it counts as damaged.
      if (missing.get(entry.id) === entry.sizeBytes) enter(entry.id, entry.sizeBytes, entry.frames);
    }
  }
  for (const [id, sizeBytes] of missing) {
    try {
      enter(id, sizeBytes, await readPackIndex(store, repositoryId, `${id}.pack`, sizeBytes));
    } catch (error) {
      if (!isPermafrostError(error, 'structure/invalid') && !isPermafrostError(error, 'repository/failed'))
        throw error;
      damaged.push({ id, sizeBytes, problem: errorWords(error) });
    }
  }
  return { packs, damaged };
}

/** Enters the frames of pack number `pack` into `index`. */
export function enterFrames(index: ChunkIndex, pack: number, frames: readonly PlacedFrame[]): void {
  for (const frame of frames)
    index.placeFrame(index.addFrame(frame), pack, frame.offset, frame.length, frame.codec);
}

/** The frames of one pack from its own index. Throws `structure/invalid` or `repository/failed`. */
export async function readPackIndex(
  store: Store,
  repositoryId: string,
  name: string,
  sizeBytes: number,
): Promise<PlacedFrame[]> {
  const path = store.path(FOLDERS.packs, name);
  const invalid = (problem: Said): never => {
    throw new PermafrostError('structure/invalid', { structure: `pack ${name}`, problem });
  };
  if (sizeBytes < PACK_HEADER_BYTES + FOOTER_BYTES) return invalid(say('damage/cut-short'));
  const file = await store.guard(native.open(path), 'open', path);
  try {
    const read = (offset: number, length: number): Promise<Buffer> =>
      store.guard(file.read(offset, length), 'read', path);
    if (parsePackHeader(await read(0, PACK_HEADER_BYTES)) !== repositoryId)
      return invalid(say('damage/other-repository'));
    const indexOffset = parseFooter(await read(sizeBytes - FOOTER_BYTES, FOOTER_BYTES), sizeBytes);
    const indexBytes = sizeBytes - FOOTER_BYTES - indexOffset;
    if (indexBytes > 64 * 1024 * 1024) return invalid(say('damage/index-large'));
    return parseIndexSection(await read(indexOffset, indexBytes), indexOffset);
  } finally {
    await file.close();
  }
}

/** Writes a merged index of `packs` for the writer with `nonce`, and joins small ones when there are many. */
export async function writeIndex(store: Store, nonce: string, packs: readonly FinishedPack[]): Promise<void> {
  const files = (await store.list(FOLDERS.index)).filter(({ name }) => INDEX_NAME.test(name));
  const small = files.filter(({ sizeBytes }) => sizeBytes < FULL_INDEX_BYTES);
  const joined = files.length >= MAX_INDEX_FILES ? small : [];
  const entries: FinishedPack[] = [...packs];
  for (const { name } of joined) entries.push(...(await readIndexFile(store, name)));
  if (entries.length === 0) return;
  const unique = new Map(entries.map((entry) => [entry.id, entry]));
  const bytes = Buffer.concat([...unique.values()].map(encodeEntry));
  const name = `${native.hash(bytes).toString('hex')}.index`;
  await store.writeDurably(FOLDERS.index, name, bytes, `${nonce}-index.partial`);
  // Whoever has listed one of these and finds it gone reads the packs themselves instead.
  for (const file of joined) if (file.name !== name) await store.remove(FOLDERS.index, file.name);
}

function encodeEntry(pack: FinishedPack): Buffer {
  const head = Buffer.alloc(PACK_ENTRY_BYTES);
  head.write(pack.id, 'hex');
  head.writeBigUInt64LE(BigInt(pack.sizeBytes), ID_BYTES);
  const inner = Buffer.concat([head, encodePackIndex(pack.frames)]);
  return Buffer.concat([encodePrefix(magics.packIndex, inner.length, inner), inner]);
}

/** What a merged index says, up to where it is damaged. */
async function readIndexFile(store: Store, name: string): Promise<FinishedPack[]> {
  const packs: FinishedPack[] = [];
  try {
    const bytes = await store.read(FOLDERS.index, name);
    for (let at = 0; bytes !== undefined && at < bytes.length;) {
      const inner = parsePrefix(bytes, at, magics.packIndex, 'inner');
      const entry = bytes.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + inner);
      if (entry.length < PACK_ENTRY_BYTES) break;
      const sizeBytes = Number(entry.readBigUInt64LE(ID_BYTES));
      const index = entry.subarray(PACK_ENTRY_BYTES);
      const framesEnd = sizeBytes - FOOTER_BYTES - PREFIX_BYTES - index.length;
      packs.push({
        id: entry.toString('hex', 0, ID_BYTES),
        sizeBytes,
        frames: parsePackIndex(index, framesEnd),
      });
      at += PREFIX_BYTES + inner;
    }
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid') && !isPermafrostError(error, 'repository/corrupt'))
      throw error;
  }
  return packs;
}
