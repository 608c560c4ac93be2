/**
 * The constants of the repository format; `docs/repository-format.md` is the specification.
 * All integers in binary structures are little-endian.
 */

/** Version of the repository format that this program writes and the only one it reads. */
export const FORMAT_VERSION = 1;

/** Chunk size of new repositories, in bytes: chosen by measuring, see `docs/benchmarks.md`. */
export const DEFAULT_CHUNK_BYTES = 256 * 1024;
/** Chunk sizes a repository may have: powers of two between these, in bytes. */
export const MIN_CHUNK_BYTES = 64 * 1024;
export const MAX_CHUNK_BYTES = 4 * 1024 * 1024;

/** Upper bound of the chunks of one frame together, uncompressed. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Upper bound of the number of chunks in one frame. */
export const MAX_FRAME_CHUNKS = 1024;
/** Upper bound of a pack file: below FAT32's limit, small enough to copy and re-read. */
export const MAX_PACK_BYTES = 512 * 1024 * 1024;
/** Packs are made durable whenever this much has been added to them. */
export const SYNC_INTERVAL_BYTES = 64 * 1024 * 1024;

/** Entries of a full tree page. */
export const PAGE_ENTRIES = 256;

/** The name of the id scheme: BLAKE3-256 of the chunk, without a key. */
export const ID_SCHEME = 'blake3';
export const ID_BYTES = 32;

export const REPOSITORY_FILE = 'permafrost.json';
export const FOLDERS = { packs: 'packs', index: 'index', images: 'images', locks: 'locks' } as const;

/** Features this version understands in `requires` lists: none yet. */
export const KNOWN_REQUIREMENTS: readonly string[] = [];

/** The first eight bytes of each binary structure. The first is not ASCII and CR LF catches text-mode damage. */
export const magics = {
  pack: magic('PACK'),
  frame: magic('FRAM'),
  packIndex: magic('INDX'),
  footer: magic('FOOT'),
} as const;

function magic(name: string): Buffer {
  return Buffer.concat([Buffer.from([0x89]), Buffer.from(name, 'latin1'), Buffer.from([0x0d, 0x0a, 0x1a])]);
}
