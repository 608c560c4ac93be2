import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directoryEntry, encodeFat, type FatModel } from '../../../../test/filesystem/support-fat-model.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { fatResizeProblem, leastFatBytes, resizeFat, type EditableBytes } from './resize-fat.ts';

function editable(bytes: Uint8Array): { volume: EditableBytes; writes: () => number } {
  let writes = 0;
  const volume: EditableBytes = {
    ...memoryReader(bytes),
    write(offset, piece) {
      writes++;
      bytes.set(piece, offset);
      return Promise.resolve();
    },
  };
  return { volume, writes: () => writes };
}

const END = 0xffff;
const model: FatModel = { width: 16, clusters: 6000, sectorsPerCluster: 2 };
const bytesFor = (clusters: number, dataOffset: number): number => dataOffset + clusters * 1024;

/** A file at `cluster`, or a directory. */
function entryAt(name: string, cluster: number, attributes = 0): Buffer {
  const entry = directoryEntry(name, attributes);
  entry.writeUInt16LE(cluster, 26);
  return entry;
}

void test('what lies behind the new end moves to free clusters, and all that names it follows', async () => {
  const made = encodeFat({ ...model, entries: { 3: 5990, 5990: 5999, 5999: END, 5000: END } });
  const { bytes, rootOffset, dataOffset } = made;
  bytes.set(entryAt('FILE', 3), rootOffset);
  bytes.set(entryAt('DIR', 5000, 0x10), rootOffset + 32);
  const place = (cluster: number): number => dataOffset + (cluster - 2) * 1024;
  bytes.set(entryAt('.', 5000, 0x10), place(5000));
  bytes.set(entryAt('..', 0, 0x10), place(5000) + 32);
  for (const cluster of [3, 5990, 5999]) bytes.fill(cluster & 0xff, place(cluster), place(cluster) + 1024);
  const { volume } = editable(bytes);
  assert.equal(await leastFatBytes(volume), bytesFor(4101, dataOffset));
  assert.equal(await resizeFat(volume, bytesFor(4101, dataOffset)), undefined);
  const next = (cluster: number): number => bytes.readUInt16LE(made.fatOffset + 2 * cluster);
  // 5000, 5990 and 5999 have taken the first free ones: 2, 4 and 5.
  assert.deepEqual([next(3), next(4), next(5), next(2)], [4, 5, END, END]);
  assert.equal(bytes.readUInt16LE(rootOffset + 32 + 26), 2, 'the directory');
  assert.equal(bytes.readUInt16LE(place(2) + 26), 2, 'its own entry');
  assert.equal(bytes.readUInt16LE(place(2) + 32 + 26), 0, 'that of the root');
  assert.equal(bytes[place(4)], 5990 & 0xff);
  assert.equal(bytes[place(5) + 1023], 5999 & 0xff);
  assert.deepEqual(
    bytes.subarray(made.fatOffset, made.fatOffset + made.fatBytes),
    bytes.subarray(made.fatOffset + made.fatBytes, made.fatOffset + 2 * made.fatBytes),
  );
});

const refused: readonly (readonly [
  string,
  FatModel,
  (volume: ReturnType<typeof encodeFat>) => void,
  RegExp,
])[] = [
  [
    'a directory that names a free cluster',
    model,
    ({ bytes, rootOffset }) => bytes.set(entryAt('A', 9), rootOffset),
    /names cluster 9, which is free/,
  ],
  [
    'a directory that leads to itself',
    { ...model, entries: { 9: END } },
    ({ bytes, rootOffset, dataOffset }) => {
      bytes.set(entryAt('A', 9, 0x10), rootOffset);
      bytes.set(entryAt('B', 9, 0x10), dataOffset + 7 * 1024);
    },
    /directory at cluster 9 is damaged/,
  ],
  [
    'copies of the table that differ',
    { ...model, entries: { 9: END } },
    ({ setEntry }) => setEntry(1, 9, 0),
    /copies of its table differ/,
  ],
  [
    'a chain that leads out of it',
    { ...model, entries: { 9: 7000 } },
    () => undefined,
    /leads to cluster 7000/,
  ],
];
for (const [what, made, change, reason] of refused)
  void test(`${what}: nothing is written`, async () => {
    const encoded = encodeFat(made);
    change(encoded);
    const { volume, writes } = editable(encoded.bytes);
    assert.match((await resizeFat(volume, bytesFor(4200, encoded.dataOffset))) ?? '', reason);
    assert.equal(writes(), 0);
  });

void test('a longer table does not reach over a bad cluster, nor a volume over what its width allows', async () => {
  const made = encodeFat({ ...model, entries: { 2: 0xfff7 } });
  const { volume, writes } = editable(made.bytes);
  assert.match((await resizeFat(volume, bytesFor(9000, made.dataOffset))) ?? '', /over a bad cluster/);
  assert.match((await fatResizeProblem(volume, 200_000_000)) ?? '', /has at most 65508 of them/);
  assert.match((await fatResizeProblem(volume, 2_000_000)) ?? '', /has at least 4101 of them/);
  assert.equal(await fatResizeProblem(volume, bytesFor(5000, made.dataOffset)), undefined);
  assert.equal(writes(), 0);
});
