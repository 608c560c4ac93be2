/**
 * Recovers what writers left that did not end: their unfinished packs. Every frame found is decompressed and
 * every chunk rehashed; a damaged frame is passed over by looking for the next one's magic.
 */
import { native, type Slot } from 'blockdev-native';
import { isPermafrostError, throwIfCancelled } from '../base/errors.ts';
import { FOLDERS, ID_BYTES, MAX_FRAME_BYTES, MAX_FRAME_CHUNKS, magics } from './format.ts';
import { frameHeaderBytes, parseFrameHeader, rawBytes, type FrameKind } from './frame.ts';
import type { LockObserver } from './lock.ts';
import { PACK_HEADER_BYTES, parsePackHeader } from './pack-index.ts';
import type { Store } from './store.ts';

/** What one dead writer left. */
export interface AbandonedFiles {
  readonly nonce: string;
  /** Unfinished packs, by name. */
  readonly packs: readonly string[];
  /** Unfinished small files. */
  readonly others: readonly { folder: string; name: string }[];
}

const PARTIAL_NAME = /^([0-9a-f]{16})-[a-z0-9]+\.partial$/;
const LOCK_NAME = /^([0-9a-f]{16})\.json$/;
const SEARCH_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = frameHeaderBytes(MAX_FRAME_CHUNKS);

/** The leftovers of writers that are certainly dead; `ownNonce` is left out. */
export async function findAbandoned(
  store: Store,
  observer: LockObserver,
  ownNonce: string,
): Promise<AbandonedFiles[]> {
  const found = new Map<string, { packs: string[]; others: { folder: string; name: string }[] }>();
  const entry = (nonce: string): { packs: string[]; others: { folder: string; name: string }[] } => {
    const known = found.get(nonce) ?? { packs: [], others: [] };
    found.set(nonce, known);
    return known;
  };
  for (const folder of Object.values(FOLDERS)) {
    for (const { name } of await store.list(folder)) {
      const nonce =
        (folder === FOLDERS.locks ? LOCK_NAME.exec(name) : null)?.[1] ?? PARTIAL_NAME.exec(name)?.[1];
      if (nonce === undefined || nonce === ownNonce) continue;
      if (folder === FOLDERS.packs) entry(nonce).packs.push(name);
      else if (name.endsWith('.partial')) entry(nonce).others.push({ folder, name });
      else entry(nonce);
    }
  }
  const abandoned: AbandonedFiles[] = [];
  for (const [nonce, files] of found) {
    if ((await observer.state(nonce)) === 'dead') abandoned.push({ nonce, ...files });
  }
  return abandoned;
}

/** Takes over the chunks of a frame that lies in the slot. */
export type Adopt = (ids: Buffer, lengths: Uint32Array, skip: Uint8Array, kind: FrameKind) => Promise<void>;

export interface SalvageSource {
  readonly store: Store;
  readonly repositoryId: string;
  /** Name of the unfinished pack. */
  readonly name: string;
  readonly slot: Slot;
  readonly signal?: AbortSignal;
}

/** Hands every sound chunk of an unfinished pack to `adopt`, a frame at a time. */
export async function salvagePack(source: SalvageSource, adopt: Adopt): Promise<void> {
  const { store, repositoryId, name, slot, signal } = source;
  const path = store.path(FOLDERS.packs, name);
  const file = await store.guard(native.open(path), 'open', path);
  try {
    const read = async (offset: number, length: number): Promise<Buffer> =>
      store.guard(file.read(offset, Math.min(length, file.sizeBytes - offset)), 'read', path);
    if (file.sizeBytes <= PACK_HEADER_BYTES || !isOurs(await read(0, PACK_HEADER_BYTES), repositoryId))
      return;
    for (let at = PACK_HEADER_BYTES; at < file.sizeBytes;) {
      throwIfCancelled(signal);
      const frame = parseHeader(await read(at, MAX_HEADER_BYTES));
      const end = frame === undefined ? Infinity : at + frame.payloadOffset + frame.payloadBytes;
      if (frame === undefined || end > file.sizeBytes) {
        at = await nextMagic(read, at + 1, file.sizeBytes);
        continue;
      }
      const result = await store.guard(
        slot.readFrame(file, { ...frame, offset: at + frame.payloadOffset }),
        'read',
        path,
      );
      if (result.ids === undefined) {
        at = await nextMagic(read, at + 1, file.sizeBytes);
        continue;
      }
      const skip = Uint8Array.from(frame.lengths, (_, i) =>
        frame.ids.compare(result.ids, i * ID_BYTES, (i + 1) * ID_BYTES, i * ID_BYTES, (i + 1) * ID_BYTES) ===
        0
          ? 0
          : 1,
      );
      await adopt(frame.ids, frame.lengths, skip, frame.kind);
      at = end;
    }
  } finally {
    await file.close();
  }
}

function isOurs(bytes: Buffer, repositoryId: string): boolean {
  try {
    return parsePackHeader(bytes) === repositoryId;
  } catch {
    return false;
  }
}

function parseHeader(bytes: Buffer): ReturnType<typeof parseFrameHeader> | undefined {
  try {
    const frame = parseFrameHeader(bytes);
    return frame.payloadBytes <= rawBytes(frame) && frame.payloadBytes <= MAX_FRAME_BYTES ? frame : undefined;
  } catch (error) {
    if (isPermafrostError(error, 'structure/invalid')) return undefined;
    throw error;
  }
}

/** Offset of the next frame magic at or after `from`; `end` if there is none. */
async function nextMagic(
  read: (offset: number, length: number) => Promise<Buffer>,
  from: number,
  end: number,
): Promise<number> {
  const overlap = magics.frame.length - 1;
  for (let at = from; at < end; at += SEARCH_BYTES) {
    const hit = (await read(at, SEARCH_BYTES + overlap)).indexOf(magics.frame);
    if (hit >= 0) return at + hit;
  }
  return end;
}
