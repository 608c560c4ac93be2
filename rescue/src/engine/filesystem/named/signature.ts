/**
 * Recognition by magic numbers: a {@link Signature} is a row of a table that says where a kind's magic lies and
 * where its label and UUID are. Regions recognised only by a row are imaged whole.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import type { FileSystem, FileSystemInfo, FileSystemKind, Prober } from '../file-system.ts';

/**
 * How much a recognition says. A `container` owns its region whatever is recognised inside it; a `file-system`
 * must be the only one; a `trace` (a backup, a label at the far end) names a region that nothing else names.
 */
export type Role = 'container' | 'file-system' | 'trace';

/** One row of the list of everything that can be recognised. */
export interface ProberEntry {
  /** The kind it finds; the family's commonest one where it finds several. */
  readonly kind: FileSystemKind;
  readonly role: Role;
  readonly probe: Prober;
}

/** What a row can tell about a region; empty labels and zero UUIDs count as absent. */
export interface Identity {
  readonly kind?: FileSystemKind;
  readonly label?: string;
  readonly uuid?: string;
  /** The file system's extent as blocks and their size in bytes. */
  readonly blocks?: number;
  readonly blockSize?: number;
  readonly details?: FileSystemInfo['details'];
}

export interface Signature {
  readonly kind: FileSystemKind;
  readonly role: Role;
  /** Where the structure may start, in bytes, given the region's size; what lies outside is skipped. */
  readonly at: (sizeBytes: number) => readonly number[];
  /** How many bytes of the structure `describe` needs. */
  readonly length: number;
  /** Offset in the structure and the bytes expected there (Latin-1); any one of them is enough. */
  readonly magics: readonly (readonly [offset: number, bytes: string])[];
  /** Reads the rest; `undefined` if this is not such a structure after all. `at` is where it starts. */
  readonly describe?: (structure: Fields, at: number) => Identity | undefined;
}

/** For {@link Signature.at}: always the same places. */
export function places(...offsets: number[]): () => readonly number[] {
  return () => offsets;
}

/** `length` bytes at `offset` where they lie inside, else `undefined`. */
export async function peek(
  reader: BlockReader,
  offset: number,
  length: number,
): Promise<Uint8Array | undefined> {
  if (offset < 0 || offset + length > reader.sizeBytes) return undefined;
  return reader.read(offset, length);
}

/** A recognised region of which only the name is known. */
export function namedFileSystem(kind: FileSystemKind, identity: Identity): FileSystem {
  const { label = '', uuid = '', blocks, blockSize, details } = identity;
  const sizeBytes = blocks === undefined || blockSize === undefined ? NaN : blocks * blockSize;
  return {
    info: {
      kind: identity.kind ?? kind,
      ...(label === '' ? {} : { label }),
      ...(/[^0-]/.test(uuid) ? { uuid } : {}),
      ...(Number.isSafeInteger(sizeBytes) ? { sizeBytes } : {}),
      ...(blockSize === undefined ? {} : { blockSize }),
      state: 'unknown',
      ...(details === undefined ? {} : { details }),
    },
  };
}

/** The prober of one row. */
export function fromSignature(row: Signature): ProberEntry {
  const magics = row.magics.map(([offset, bytes]) => [offset, Buffer.from(bytes, 'latin1')] as const);
  return {
    kind: row.kind,
    role: row.role,
    async probe(reader) {
      for (const at of row.at(reader.sizeBytes)) {
        const bytes = await peek(reader, at, row.length);
        if (bytes === undefined) continue;
        const matches = magics.some(([offset, magic]) =>
          magic.equals(bytes.subarray(offset, offset + magic.length)),
        );
        if (!matches) continue;
        const identity = row.describe === undefined ? {} : row.describe(new Fields(bytes, row.kind), at);
        if (identity !== undefined) return namedFileSystem(row.kind, identity);
      }
      return undefined;
    },
  };
}
