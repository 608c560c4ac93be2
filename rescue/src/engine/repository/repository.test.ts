import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { native, type ChunkPool } from 'blockdev-native';
import { isPermafrostError } from '../base/errors.ts';
import { asIs } from '../base/remarks.ts';
import { FrameReader } from './frame-reader.ts';
import { ID_BYTES } from './format.ts';
import { Repository } from './repository.ts';
import { RepositoryWriter, type ImageContent } from './writer.ts';

const CHUNK = 65536;
const content: ImageContent = {
  name: 'test',
  created: '2026-01-01T00:00:00.000Z',
  program: 'test',
  machine: { hostname: 'test' },
  disks: [],
  warnings: [],
};

async function setUp(t: TestContext): Promise<{ path: string; repository: Repository; pool: ChunkPool }> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-repository-'));
  const path = join(folder, 'repository');
  const repository = await Repository.create(path, { chunkBytes: CHUNK });
  const pool = native.createPool({ workers: 2 });
  t.after(async () => {
    await repository.close();
    await pool.close();
    await rm(folder, { recursive: true });
  });
  return { path, repository, pool };
}

async function storeChunks(
  writer: RepositoryWriter,
  pool: ChunkPool,
  chunks: readonly Buffer[],
): Promise<Buffer> {
  const slot = await pool.acquire();
  try {
    const lengths = Uint32Array.from(chunks, (chunk) => chunk.length);
    const { ids, zero } = await slot.loadChunks(Buffer.concat(chunks), lengths);
    await writer.store(slot, ids, lengths, zero);
    return ids;
  } finally {
    slot.release();
  }
}

async function readBack(repository: Repository, pool: ChunkPool, id: Buffer): Promise<Buffer | string> {
  const reader = new FrameReader(repository, await repository.loadPacks(), pool);
  const bytes = await reader.readChunk(id);
  return 'problem' in bytes ? bytes.problem : bytes;
}

test('chunks come back byte for byte, and known ones are not stored again', async (t) => {
  const { repository, pool } = await setUp(t);
  const chunks = [randomBytes(CHUNK), Buffer.alloc(CHUNK, 'text '), Buffer.alloc(CHUNK), randomBytes(1234)];
  const first = await RepositoryWriter.open(repository, { pool, level: 3 });
  const ids = await storeChunks(first, pool, [...chunks, chunks[0]!]);
  assert.equal(first.sums.newBytes, 2 * CHUNK + 1234);
  assert.equal(first.sums.reusedBytes, CHUNK, 'the same chunk twice in a frame is stored once');
  await first.commit(content);
  await first.close();

  const second = await RepositoryWriter.open(repository, { pool, level: 3 });
  await storeChunks(second, pool, chunks);
  assert.equal(second.sums.newBytes, 0);
  assert.equal(second.sums.storedBytes, 0);
  await second.commit(content);
  await second.close();

  for (const [i, chunk] of chunks.entries()) {
    if (i === 2) continue;
    assert.deepEqual(await readBack(repository, pool, ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)), chunk);
  }
  const { images } = await repository.listImages();
  assert.deepEqual(
    images.map(({ sequence }) => sequence),
    [1, 2],
  );
  assert.deepEqual(await readdir(repository.store.path('locks')), []);
});

test('without its merged indexes a repository says the same', async (t) => {
  const { repository, pool } = await setUp(t);
  const writer = await RepositoryWriter.open(repository, { pool, level: 1 });
  const chunk = randomBytes(CHUNK);
  const id = await storeChunks(writer, pool, [chunk]);
  await writer.commit(content);
  await writer.close();
  await rm(repository.store.path('index'), { recursive: true });
  assert.deepEqual(await readBack(repository, pool, id), chunk);
});

test('an index whose pack was cut is not believed, and the chunks are stored again', async (t) => {
  const { repository, pool } = await setUp(t);
  const chunk = randomBytes(CHUNK);
  const store = async (): Promise<number> => {
    const writer = await RepositoryWriter.open(repository, { pool, level: 1 });
    await storeChunks(writer, pool, [chunk]);
    const { newBytes } = writer.sums;
    await writer.commit(content);
    await writer.close();
    return newBytes;
  };
  await store();
  const [pack] = await readdir(repository.store.path('packs'));
  await truncate(repository.store.path('packs', pack!), 1000);
  assert.equal(await store(), CHUNK);
  assert.deepEqual(await readBack(repository, pool, native.hash(chunk)), chunk);
});

test('what an unfinished run stored is recovered by the next one', async (t) => {
  const { repository, pool } = await setUp(t);
  const chunks = [randomBytes(CHUNK), randomBytes(CHUNK)];
  const killed = await RepositoryWriter.open(repository, { pool, level: 1 });
  await storeChunks(killed, pool, [chunks[0]!]);
  await storeChunks(killed, pool, [chunks[1]!]);
  await killed.close();
  assert.equal((await repository.listImages()).images.length, 0);
  const [partial] = await readdir(repository.store.path('packs'));
  assert.match(partial!, /partial$/);

  // Damage in the first frame must not take the second with it.
  const path = repository.store.path('packs', partial!);
  const bytes = await readFile(path);
  bytes[600]! ^= 1;
  await writeFile(path, bytes);

  const next = await RepositoryWriter.open(repository, { pool, level: 1 });
  assert.equal(next.sums.salvagedBytes, CHUNK);
  await storeChunks(next, pool, chunks);
  assert.equal(next.sums.reusedBytes, CHUNK);
  assert.equal(next.sums.newBytes, CHUNK);
  await next.commit(content);
  await next.close();
  const names = await readdir(repository.store.path('packs'));
  assert.ok(
    names.every((name) => name.endsWith('.pack')),
    names.join(),
  );
  assert.deepEqual(await readBack(repository, pool, native.hash(chunks[1]!)), chunks[1]);
});

test('a changed byte in a pack is a problem with its place, not other content', async (t) => {
  const { repository, pool } = await setUp(t);
  const writer = await RepositoryWriter.open(repository, { pool, level: 1 });
  const id = await storeChunks(writer, pool, [randomBytes(CHUNK)]);
  await writer.commit(content);
  await writer.close();
  const [pack] = await readdir(repository.store.path('packs'));
  const path = repository.store.path('packs', pack!);
  const bytes = await readFile(path);
  bytes[5000]! ^= 0x10;
  await writeFile(path, bytes);
  assert.equal(await readBack(repository, pool, id), 'its content does not match its id');
});

test('a repository that needs what is not known is refused', async (t) => {
  const { path, repository } = await setUp(t);
  const { encodeSealed, parseSealed } = await import('./sealed-json.ts');
  const file = repository.store.path('permafrost.json');
  const description = parseSealed(await readFile(file), 'test');
  await writeFile(file, encodeSealed({ ...description, requires: ['teleport'] }));
  await assert.rejects(
    Repository.open(path),
    (e) => isPermafrostError(e, 'repository/unsupported') && /teleport/.test(e.message),
  );
  await writeFile(file, (await readFile(file)).subarray(0, 50));
  await assert.rejects(Repository.open(path), (e) => isPermafrostError(e, 'repository/corrupt'));
});

test('a folder with other things in it does not become a repository', async (t) => {
  const { path } = await setUp(t);
  const { mkdir } = await import('node:fs/promises');
  const folder = join(path, '..', 'photos');
  await mkdir(folder);
  await writeFile(join(folder, 'a.jpg'), 'x');
  await assert.rejects(Repository.create(folder), (e) => isPermafrostError(e, 'repository/not-empty'));
});

test('an image that nobody could open is not committed', async (t) => {
  const { repository, pool } = await setUp(t);
  const writer = await RepositoryWriter.open(repository, { pool, level: 3 });
  t.after(() => writer.close());
  const commit = (part: Partial<ImageContent>): Promise<unknown> => writer.commit({ ...content, ...part });
  const refused = (error: unknown): boolean => isPermafrostError(error, 'structure/invalid');
  await assert.rejects(commit({ name: 'x'.repeat(4097) }), refused);
  await assert.rejects(
    commit({ warnings: Array.from({ length: 5000 }, () => asIs('x'.repeat(4096))) }),
    refused,
  );
  assert.deepEqual(await readdir(repository.store.path('images')), []);
  await commit({ name: 'x'.repeat(4096) });
  assert.equal((await repository.listImages()).images.length, 1);
});
