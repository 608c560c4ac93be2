/**
 * A repository: a folder of packs, merged indexes, images and locks. Opening it reads its description;
 * {@link Repository.loadPacks} reads what chunks there are; images are listed from their manifests alone.
 */
import { type Said, say } from '../base/remarks.ts';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { native, type BlockFile } from 'blockdev-native';
import { errorWords, isPermafrostError, PermafrostError } from '../base/errors.ts';
import { ChunkIndex } from './chunk-index.ts';
import {
  DEFAULT_CHUNK_BYTES,
  FOLDERS,
  FORMAT_VERSION,
  ID_SCHEME,
  KNOWN_REQUIREMENTS,
  MAX_CHUNK_BYTES,
  MIN_CHUNK_BYTES,
  REPOSITORY_FILE,
} from './format.ts';
import { checkManifest, Checker, type Manifest } from './manifest.ts';
import { loadPacks, type DamagedPack, type Pack } from './pack-list.ts';
import { encodeSealed, parseSealed } from './sealed-json.ts';
import { Store } from './store.ts';

const IMAGE_NAME = /^([0-9a-f]{32})\.json$/;
const MAX_OPEN_PACKS = 32;

/** A manifest file that cannot be read. */
export interface DamagedImage {
  readonly id: string;
  readonly problem: Said;
}

/** The chunks of a repository at one moment, and the files they are in. */
export interface PackSet {
  readonly index: ChunkIndex;
  /** By number, as in the index. */
  readonly packs: Pack[];
  readonly damaged: readonly DamagedPack[];
}

export class Repository {
  readonly store: Store;
  /** 32 hex digits. */
  readonly id: string;
  readonly chunkBytes: number;
  readonly #openPacks = new Map<string, Promise<BlockFile>>();

  private constructor(store: Store, id: string, chunkBytes: number) {
    this.store = store;
    this.id = id;
    this.chunkBytes = chunkBytes;
  }

  /** Opens the repository at `path`. Throws `repository/not-found`, `repository/unsupported` or `repository/corrupt`. */
  static async open(path: string): Promise<Repository> {
    const root = resolve(path);
    const store = new Store(root);
    const bytes = await store.read(REPOSITORY_FILE);
    if (bytes === undefined) throw new PermafrostError('repository/not-found', { repository: root });
    const unsupported = (problem: Said): never => {
      throw new PermafrostError('repository/unsupported', { repository: root, problem });
    };
    let value: Record<string, unknown>;
    const checker = new Checker('repository description');
    try {
      value = parseSealed(bytes, 'repository description');
      if (value['permafrost'] !== 'repository') checker.fail(say('damage/no-repository'));
      checker.string(value['id'], 'id');
      checker.count(value['chunkBytes'], 'chunkBytes');
      checker.strings(value['requires'], 'requires');
    } catch (error) {
      if (!isPermafrostError(error, 'structure/invalid')) throw error;
      throw new PermafrostError('repository/corrupt', {
        path: store.path(REPOSITORY_FILE),
        problem: errorWords(error),
      });
    }
    if (value['version'] !== FORMAT_VERSION)
      return unsupported(say('unsupported/version', { version: String(value['version']) }));
    const unknown = (value['requires'] as string[]).filter((name) => !KNOWN_REQUIREMENTS.includes(name));
    if (unknown.length > 0) return unsupported(say('unsupported/needs', { list: unknown.join(', ') }));
    if (value['idScheme'] !== ID_SCHEME)
      return unsupported(say('unsupported/ids', { scheme: String(value['idScheme']) }));
    if (value['encryption'] !== null) return unsupported(say('unsupported/encrypted'));
    const chunkBytes = value['chunkBytes'] as number;
    checkChunkBytes(chunkBytes, unsupported);
    return new Repository(store, value['id'] as string, chunkBytes);
  }

  /** Creates a repository in `path`, which must be absent or empty. */
  static async create(path: string, options: { chunkBytes?: number } = {}): Promise<Repository> {
    const root = resolve(path);
    const store = new Store(root);
    const chunkBytes = options.chunkBytes ?? DEFAULT_CHUNK_BYTES;
    checkChunkBytes(chunkBytes, (problem) => {
      throw new PermafrostError('usage/invalid', { problem });
    });
    await refuseForeignFolder(store);
    await store.ensureFolder();
    for (const folder of Object.values(FOLDERS)) await store.ensureFolder(folder);
    const id = randomBytes(16).toString('hex');
    const description = {
      permafrost: 'repository',
      version: FORMAT_VERSION,
      requires: [],
      id,
      created: new Date().toISOString(),
      chunkBytes,
      idScheme: ID_SCHEME,
      encryption: null,
    };
    await store.writeDurably('', REPOSITORY_FILE, encodeSealed(description));
    // Somebody else may have created it at the same moment: what is on disk decides.
    return Repository.open(root);
  }

  /** Manifests of all images, ordered by sequence, and those that cannot be read. */
  async listImages(): Promise<{ images: Manifest[]; damaged: DamagedImage[] }> {
    const images: Manifest[] = [];
    const damaged: DamagedImage[] = [];
    for (const { name } of await this.store.list(FOLDERS.images)) {
      const id = IMAGE_NAME.exec(name)?.[1];
      if (id === undefined) continue;
      try {
        images.push(await this.readImage(id));
      } catch (error) {
        if (!isPermafrostError(error)) throw error;
        damaged.push({ id, problem: errorWords(error) });
      }
    }
    images.sort((a, b) => a.sequence - b.sequence || (a.id < b.id ? -1 : 1));
    return { images, damaged };
  }

  /** The manifest of image `id`. Throws `image/not-found` or `image/corrupt`. */
  async readImage(id: string): Promise<Manifest> {
    const path = this.store.path(FOLDERS.images, `${id}.json`);
    const bytes = await this.store.read(FOLDERS.images, `${id}.json`);
    if (bytes === undefined)
      throw new PermafrostError('image/not-found', { image: id, repository: this.store.root });
    try {
      const manifest = checkManifest(parseSealed(bytes, 'image manifest'), id);
      const ours =
        manifest.repository === this.id &&
        manifest.chunkBytes === this.chunkBytes &&
        manifest.idScheme === ID_SCHEME;
      if (!ours) throw new PermafrostError('image/corrupt', { path, problem: say('damage/it-belongs') });
      return manifest;
    } catch (error) {
      if (!isPermafrostError(error, 'structure/invalid')) throw error;
      throw new PermafrostError('image/corrupt', { path, problem: errorWords(error) }, { cause: error });
    }
  }

  /** Reads which chunks there are. */
  async loadPacks(): Promise<PackSet> {
    const index = new ChunkIndex(this.chunkBytes);
    const { packs, damaged } = await loadPacks(this.store, this.id, index);
    return { index, packs, damaged };
  }

  /** The open file of a pack; the repository closes it. Throws `repository/failed`. */
  async packFile(id: string): Promise<BlockFile> {
    let file = this.#openPacks.get(id);
    if (file === undefined) {
      const path = this.store.path(FOLDERS.packs, `${id}.pack`);
      file = this.store.guard(native.open(path), 'open', path);
      file.catch(() => this.#openPacks.delete(id));
    } else this.#openPacks.delete(id);
    this.#openPacks.set(id, file);
    if (this.#openPacks.size > MAX_OPEN_PACKS) {
      const [oldest, evicted] = this.#openPacks.entries().next().value!;
      this.#openPacks.delete(oldest);
      // Jobs that use it keep it open until they end.
      void evicted.then((f) => f.close()).catch(() => undefined);
    }
    return file;
  }

  async close(): Promise<void> {
    const files = [...this.#openPacks.values()];
    this.#openPacks.clear();
    await Promise.allSettled(files.map(async (file) => (await file).close()));
  }
}

/** A new repository takes an empty folder, or one where its creation was interrupted. */
async function refuseForeignFolder(store: Store): Promise<void> {
  const ours = new Set<string>([
    ...Object.values(FOLDERS),
    `${REPOSITORY_FILE}.partial`,
    'lost+found',
    // Records of job files, which are begun before the first image.
    'jobs',
  ]);
  const names: string[] = await readdir(store.root).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw store.failure(error, 'readdir', store.root);
  });
  if (names.includes(REPOSITORY_FILE) || names.some((name) => !ours.has(name)))
    throw new PermafrostError('repository/not-empty', { repository: store.root });
}

function checkChunkBytes(chunkBytes: number, refuse: (problem: Said) => never): void {
  const powerOfTwo = Number.isSafeInteger(chunkBytes) && Number.isInteger(Math.log2(chunkBytes));
  if (!powerOfTwo || chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES)
    refuse(
      say('unsupported/chunks', {
        chunkBytes,
        leastBytes: MIN_CHUNK_BYTES,
        mostBytes: MAX_CHUNK_BYTES,
      }),
    );
}
