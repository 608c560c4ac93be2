import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { memoryReader } from '../../src/engine/base/block-reader.ts';
import { PermafrostError } from '../../src/engine/base/errors.ts';
import { parseBootSector } from '../../src/engine/filesystem/ntfs/boot-sector.ts';
import { Mft } from '../../src/engine/filesystem/ntfs/mft.ts';
import { probeNtfs } from '../../src/engine/filesystem/ntfs/ntfs.ts';
import { NtfsModel } from '../filesystem/support-ntfs-model.ts';
import { indexBlock, indexRoot, listValue, resident, types } from '../filesystem/support-ntfs-structures.ts';
import { changeVolume, makeVolume } from '../filesystem/support-ntfs-tools.ts';
import { writeMixedTree } from '../filesystem/support-ntfs-trees.ts';
import { limitMs, processorMs } from '../support/patience.ts';
import { noise, scratchFolder } from '../support/scratch.ts';

const MIB = 1024 * 1024;
const FACTOR = Number(process.env['PERMAFROST_FUZZ_FACTOR'] ?? '1');
const TIME_LIMIT_MS = limitMs(2);
const MEMORY_LIMIT_BYTES = 256 * MIB;

/** Values that have broken parsers before. */
const edges = [
  0, 1, 2, 7, 8, 0x17, 0x18, 0x3f, 0x40, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0x3fe, 0x400, 0x7fff, 0x8000,
  0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
];

interface Random {
  /** An integer from 0 to `limit` - 1. */
  readonly below: (limit: number) => number;
}

function random(seed: number): Random {
  let words = noise(4096, seed);
  let at = 0;
  return {
    below(limit) {
      if (at === words.length) {
        words = noise(4096, words.readUInt32LE(0));
        at = 0;
      }
      at += 4;
      return words.readUInt32LE(at - 4) % limit;
    },
  };
}

/** Where the metadata of the volume in `image` lies: [offset, length, offset of its mirror]. */
type Target = readonly [number, number, number?];

async function findTargets(image: Uint8Array): Promise<Target[]> {
  const reader = memoryReader(image);
  const geometry = parseBootSector(image.subarray(0, 512))!;
  const { clusterSize, recordSize } = geometry;
  const mft = await Mft.open(reader, geometry);
  const targets: Target[] = [
    [0, 84],
    [0x1e00, 100],
  ];
  const recordAt = (number: number): number => {
    const vcn = Math.floor((number * recordSize) / clusterSize);
    const run = mft.stream.runs.find(vcn);
    const lcn = mft.stream.runs.lcn(run) + vcn - mft.stream.runs.vcn(run);
    return lcn * clusterSize + ((number * recordSize) % clusterSize);
  };
  for (let number = 0; number < mft.recordCount; number++) {
    const record = await mft.readRecord(number);
    // Ordinary files matter less than the metadata files at the beginning.
    if (record === undefined || (number >= 64 && number % 16 !== 0)) continue;
    const mirror = geometry.mftMirrorLcn * clusterSize + number * recordSize;
    const at = recordAt(number);
    const usedBytes = new DataView(image.buffer, image.byteOffset).getUint32(at + 24, true);
    targets.push(number < 4 ? [at, usedBytes, mirror] : [at, usedBytes]);
    for (const [type, name, length] of [
      [types.data, '', 4608],
      [types.indexAllocation, '$I30', 512],
    ] as const) {
      const hasStream = number > 0 && number < 32 && record.base === undefined;
      const stream = hasStream ? await mft.readStream(record, type, name) : undefined;
      if (stream !== undefined && stream.runs.count > 0 && stream.runs.lcn(0) >= 0)
        targets.push([
          stream.runs.lcn(0) * clusterSize,
          Math.min(length, stream.runs.length(0) * clusterSize),
        ]);
    }
  }
  return targets;
}

/** Changes some bytes of `image` and returns what puts them back. */
function mutate(image: Buffer, [offset, length, mirror]: Target, { below }: Random): () => void {
  const undo: (() => void)[] = [];
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const size = [1, 2, 4, 8, 1 + below(64)][below(5)]!;
    const at = below(Math.max(1, length - size));
    const bytes = Buffer.from(image.subarray(offset + at, offset + at + size));
    const kind = below(4);
    if (kind === 0) bytes[below(size)]! ^= 1 << below(8);
    else if (kind === 1)
      bytes.writeUIntLE(edges[below(edges.length)]! % 256 ** Math.min(size, 4), 0, Math.min(size, 4));
    else if (kind === 2) bytes.fill(below(2) === 0 ? 0 : 0xff);
    else image.copy(bytes, 0, offset + below(length), offset + below(length) + size);
    for (const start of mirror === undefined ? [offset + at] : [offset + at, mirror + at]) {
      const old = Buffer.from(image.subarray(start, start + size));
      image.set(bytes, start);
      undo.unshift(() => image.set(old, start));
    }
  }
  return () => undo.forEach((step) => step());
}

interface Outcome {
  readonly kind: 'mapped' | 'raw' | 'refused' | 'not NTFS';
}

/** Probes and maps; fails on anything but a sane value or a {@link PermafrostError}. */
async function attempt(image: Uint8Array): Promise<Outcome> {
  try {
    const fileSystem = await probeNtfs(memoryReader(image));
    if (fileSystem === undefined) return { kind: 'not NTFS' };
    const map = await fileSystem.mapUsed!({ trustBitmap: true });
    if (map.used.count > 0) assert.ok(map.used.end(map.used.count - 1) <= image.length);
    if (map.raw !== undefined) assert.equal(map.used.totalBytes, image.length);
    return { kind: map.raw === undefined ? 'mapped' : 'raw' };
  } catch (error) {
    if (error instanceof PermafrostError) return { kind: 'refused' };
    throw error;
  }
}

async function fuzz(bytes: Uint8Array, count: number, seed: number): Promise<void> {
  // Two views of the same bytes: a Buffer's slices are no copies, and the parser owns what it reads.
  const volume = new Uint8Array(bytes);
  const image = Buffer.from(volume.buffer);
  const targets = await findTargets(volume);
  const generator = random(seed);
  const outcomes: Record<Outcome['kind'], number> = { mapped: 0, raw: 0, refused: 0, 'not NTFS': 0 };
  const before = process.memoryUsage().rss;
  for (let i = 0; i < count * FACTOR; i++) {
    const undo = mutate(image, targets[generator.below(targets.length)]!, generator);
    const started = processorMs();
    outcomes[
      (
        await attempt(volume).catch((error: unknown) => {
          throw new Error(`mutation ${i} of seed ${seed}`, { cause: error });
        })
      ).kind
    ]++;
    const took = processorMs() - started;
    assert.ok(took < TIME_LIMIT_MS, `mutation ${i} of seed ${seed} took ${took} ms`);
    undo();
  }
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < MEMORY_LIMIT_BYTES, `memory grew by ${grown} bytes`);
  // A fuzzer that only ever meets one outcome has not met the parser.
  assert.ok(outcomes.mapped > 0 && outcomes.raw > 0, JSON.stringify(outcomes));
  assert.equal((await attempt(volume)).kind, 'mapped');
}

/** $MFT and $Bitmap through attribute lists, a directory in blocks, hiberfil.sys, all in one small volume. */
function intricate(): Uint8Array {
  const mftRuns = [
    { lcn: 200, count: 33 },
    { lcn: 150, count: 7 },
    { lcn: 300, count: 24 },
  ];
  const bitmapRuns = [
    { lcn: 120, count: 1 },
    { lcn: 100, count: 1 },
  ];
  const model = new NtfsModel({ clusterSize: 512, clusterCount: 4096 + 333, mftRuns, bitmapRuns });
  const { data, list } = types;
  const entries = [
    { type: data, record: 0 },
    { type: data, record: 15, lowestVcn: 33 },
  ];
  model.setRecord(0, [
    resident(list, listValue(entries)),
    model.stream(data, mftRuns.slice(0, 1), { allocatedBytes: 64 * 512 }),
  ]);
  model.setRecord(15, [model.stream(data, mftRuns.slice(1), { lowestVcn: 33 })], {
    base: { record: 0, sequence: 1 },
  });
  const listRun = { lcn: 110, count: 1 };
  const bitmapList = listValue([
    { type: data, record: 6 },
    { type: data, record: 30, lowestVcn: 1 },
  ]);
  model.patches.push({ offset: 110 * 512, bytes: bitmapList });
  model.setRecord(6, [
    model.stream(list, [listRun], { dataBytes: bitmapList.length }),
    model.stream(data, bitmapRuns.slice(0, 1), { allocatedBytes: 1024 }),
  ]);
  model.setRecord(30, [model.stream(data, bitmapRuns.slice(1), { lowestVcn: 1 })], {
    base: { record: 6, sequence: 1 },
  });
  const index = { lcn: 400, count: 16 };
  model.setRecord(
    5,
    [
      resident(types.indexRoot, indexRoot([{ name: 'hiberfil.sys', record: 24 }]), '$I30'),
      model.stream(types.indexAllocation, [index], { name: '$I30' }),
      resident(types.bitmap, Buffer.from([3]), '$I30'),
    ],
    { isDirectory: true },
  );
  const names = Array.from({ length: 20 }, (_, i) => ({ name: `name ${i}`, record: 40 + i }));
  model.patches.push({ offset: 400 * 512, bytes: indexBlock(names) });
  const volumeInformation = [...names, { name: 'System Volume Information', record: 5 }];
  model.patches.push({ offset: 408 * 512, bytes: indexBlock(volumeInformation) });
  model.setRecord(24, [resident(data, Buffer.from('wake'))]);
  model.use(listRun);
  model.use(index);
  model.log = Buffer.alloc(0);
  return model.build();
}

describe('a mutated NTFS volume', () => {
  it('made by mkntfs and ntfs-3g gives a map or an error of ours, in bounded time and memory', async (t) => {
    const path = await makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), { sizeBytes: 12 * MIB });
    await changeVolume(t, path, (folder) => writeMixedTree(folder, MIB));
    await fuzz(await readFile(path), 800, 1);
  });

  it('of an intricate layout does too', async () => {
    await fuzz(intricate(), 1500, 2);
  });
});
