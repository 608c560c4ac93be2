/**
 * Writes small XFS file systems without files into memory, from the documentation rather than with mkfs: so
 * unit tests can have any geometry, any tree and any damage. What real ones look like, the proofs tell.
 */
import { crc32c } from '../../src/engine/filesystem/crc32c.ts';

export interface XfsModel {
  readonly version?: 4 | 5;
  readonly blockSize?: number;
  readonly sectorSize?: number;
  readonly agBlocks?: number;
  /** Blocks of the last group; the others are full. */
  readonly lastAgBlocks?: number;
  /** Free extents in blocks, ascending, one list for each group. */
  readonly free: readonly (readonly (readonly [start: number, count: number])[])[];
  /** What the by-size trees say, where it is not the same. */
  readonly freeBySize?: XfsModel['free'];
  /** Records in a tree block, at most; small ones make high trees. */
  readonly recordsPerBlock?: number;
  readonly log?: LogModel;
  /** 0 for an external log. */
  readonly logBlocks?: number;
}

export interface LogModel {
  /** 512-byte block after the last record. */
  readonly head: number;
  readonly cycle: number;
  /** How the last record ends; default `unmount`. */
  readonly last?: 'unmount' | 'other';
  /** Blocks of the last record's data, default 1. */
  readonly dataBlocks?: number;
}

export const modelUuid = '00112233-4455-6677-8899-aabbccddeeff';
/** Blocks at the start of each group that hold headers and trees. */
export const reservedBlocks = 40;
const uuidBytes = Buffer.from(modelUuid.replaceAll('-', ''), 'hex');

/** Stores the CRC-32C of `length` bytes at `at` into them, at `at + crcOffset`. */
export function seal(bytes: Uint8Array, at: number, length: number, crcOffset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(at + crcOffset, 0);
  view.setUint32(at + crcOffset, crc32c(bytes.subarray(at, at + length)), true);
}

/** The whole file system as bytes. Group 0 has its log right after its reserved blocks. */
export function encodeXfs(model: XfsModel): Buffer {
  const { version = 5, blockSize = 4096, sectorSize = 512, agBlocks = 256, logBlocks = 64 } = model;
  const agCount = model.free.length;
  const blockCount = (agCount - 1) * agBlocks + (model.lastAgBlocks ?? agBlocks);
  const bytes = Buffer.alloc(blockCount * blockSize);
  const geometry = { ...model, version, blockSize, sectorSize, agBlocks, blockCount };
  let freeBlocks = 0;
  for (let ag = 0; ag < agCount; ag++) freeBlocks += encodeGroup(bytes, geometry, ag);
  encodeSuperblock(bytes, geometry, { agCount, logBlocks, freeBlocks });
  if (logBlocks > 0) {
    const log = model.log ?? { head: 2, cycle: 1 };
    const start = reservedBlocks * blockSize;
    encodeLog(bytes.subarray(start, start + logBlocks * blockSize), log);
  }
  return bytes;
}

type Geometry = XfsModel & {
  readonly version: 4 | 5;
  readonly blockSize: number;
  readonly sectorSize: number;
  readonly agBlocks: number;
  readonly blockCount: number;
};

function encodeSuperblock(
  b: Buffer,
  g: Geometry,
  { agCount, logBlocks, freeBlocks }: { agCount: number; logBlocks: number; freeBlocks: number },
): void {
  b.write('XFSB', 0, 'latin1');
  b.writeUInt32BE(g.blockSize, 4);
  b.writeBigUInt64BE(BigInt(g.blockCount), 8);
  uuidBytes.copy(b, 32);
  b.writeBigUInt64BE(BigInt(logBlocks > 0 ? reservedBlocks : 0), 48);
  b.writeUInt32BE(g.agBlocks, 84);
  b.writeUInt32BE(agCount, 88);
  b.writeUInt32BE(logBlocks > 0 ? logBlocks : 1000, 96);
  b.writeUInt16BE(0xb4a0 | g.version, 100);
  b.writeUInt16BE(g.sectorSize, 102);
  b.write('model', 108, 'latin1');
  b[120] = Math.log2(g.blockSize);
  b[121] = Math.log2(g.sectorSize);
  b[124] = Math.ceil(Math.log2(g.agBlocks));
  b.writeBigUInt64BE(BigInt(freeBlocks), 144);
  b.writeUInt32BE(g.version === 5 ? 0x18a : 0x8a, 200);
  b.writeUInt32BE(b.readUInt32BE(200), 204);
  if (g.version === 5) {
    b.writeUInt32BE(0xf, 212);
    b.writeUInt32BE(0xb, 216);
    seal(b, 0, g.sectorSize, 224);
  }
}

/** Writes headers and trees of group `ag`; returns its share of the superblock's count of free blocks. */
function encodeGroup(bytes: Buffer, g: Geometry, ag: number): number {
  const base = ag * g.agBlocks * g.blockSize;
  const agBlocks = Math.min(g.agBlocks, g.blockCount - ag * g.agBlocks);
  const free = g.free[ag]!;
  const bySize = [...(g.freeBySize ?? g.free)[ag]!].sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  let nextBlock = Math.ceil((4 * g.sectorSize) / g.blockSize);
  const take = (): number => nextBlock++;
  const bno = encodeTree(bytes, g, { ag, base, take, magic: g.version === 5 ? 'AB3B' : 'ABTB' }, free);
  const cnt = encodeTree(bytes, g, { ag, base, take, magic: g.version === 5 ? 'AB3C' : 'ABTC' }, bySize);
  const setAside = [take(), take(), take()];
  if (nextBlock > reservedBlocks) throw new Error('the trees of the model need more reserved blocks');

  const freeBlocks = free.reduce((sum, [, count]) => sum + count, 0);
  const treeBlocks = bno.blocks + cnt.blocks - 2;
  const f = bytes.subarray(base + g.sectorSize, base + 2 * g.sectorSize);
  f.write('XAGF', 0, 'latin1');
  const words = [1, ag, agBlocks, bno.root, cnt.root, 0, bno.levels, cnt.levels, 0];
  words.push(2, 4, setAside.length, freeBlocks, Math.max(0, ...free.map(([, count]) => count)), treeBlocks);
  words.forEach((word, i) => f.writeUInt32BE(word, 4 + 4 * i));
  const list = bytes.subarray(base + 3 * g.sectorSize, base + 4 * g.sectorSize);
  const first = g.version === 5 ? 36 : 0;
  setAside.forEach((block, i) => list.writeUInt32BE(block, first + (2 + i) * 4));
  if (g.version === 5) {
    uuidBytes.copy(f, 64);
    seal(f, 0, g.sectorSize, 216);
    list.write('XAFL', 0, 'latin1');
    list.writeUInt32BE(ag, 4);
    uuidBytes.copy(list, 8);
    seal(list, 0, g.sectorSize, 32);
  }
  return freeBlocks + setAside.length + treeBlocks;
}

interface TreePlace {
  readonly ag: number;
  readonly base: number;
  readonly take: () => number;
  readonly magic: string;
}

function encodeTree(
  bytes: Buffer,
  g: Geometry,
  { ag, base, take, magic }: TreePlace,
  records: readonly (readonly [number, number])[],
): { root: number; levels: number; blocks: number } {
  const header = g.version === 5 ? 56 : 16;
  const maxChildren = Math.floor((g.blockSize - header) / 12);
  const perBlock = Math.min(g.recordsPerBlock ?? Infinity, maxChildren);
  let blocks = 0;
  // Each item of a level: its key and, above the leaves, the block it points to.
  let items: { key: readonly [number, number]; block?: number }[] = records.map((key) => ({ key }));
  for (let level = 0; ; level++) {
    const groups = Array.from({ length: Math.max(1, Math.ceil(items.length / perBlock)) }, (_, i) =>
      items.slice(i * perBlock, (i + 1) * perBlock),
    );
    const numbers = groups.map(take);
    blocks += numbers.length;
    groups.forEach((group, i) => {
      const at = base + numbers[i]! * g.blockSize;
      const b = bytes.subarray(at, at + g.blockSize);
      b.write(magic, 0, 'latin1');
      b.writeUInt16BE(level, 4);
      b.writeUInt16BE(group.length, 6);
      b.writeUInt32BE(numbers[i - 1] ?? 0xffffffff, 8);
      b.writeUInt32BE(numbers[i + 1] ?? 0xffffffff, 12);
      group.forEach(({ key, block }, k) => {
        b.writeUInt32BE(key[0], header + 8 * k);
        b.writeUInt32BE(key[1], header + 8 * k + 4);
        if (block !== undefined) b.writeUInt32BE(block, header + 8 * maxChildren + 4 * k);
      });
      if (g.version === 5) {
        b.writeBigUInt64BE(BigInt(at / 512), 16);
        uuidBytes.copy(b, 32);
        b.writeUInt32BE(ag, 48);
        seal(b, 0, g.blockSize, 52);
      }
    });
    if (numbers.length === 1) return { root: numbers[0]!, levels: level + 1, blocks };
    items = groups.map((group, i) => ({ key: group[0]!.key, block: numbers[i]! }));
  }
}

/** Stamps a ring and writes its last record, which may wrap. */
export function encodeLog(log: Buffer, { head, cycle, last = 'unmount', dataBlocks = 1 }: LogModel): void {
  const n = log.length / 512;
  const stamp = (block: number): number => (block < head ? cycle : cycle - 1);
  for (let block = 0; block < n; block++) log.writeUInt32BE(stamp(block), block * 512);
  const start = (((head - dataBlocks - 1) % n) + n) % n;
  const h = log.subarray(start * 512, start * 512 + 512);
  const words = [0xfeedbabe, stamp(start), 2, dataBlocks * 512, stamp(start), start, stamp(start), start];
  words.forEach((word, i) => h.writeUInt32BE(word, 4 * i));
  h.writeUInt32BE(1, 40);
  uuidBytes.copy(h, 304);
  h.writeUInt32BE(32768, 320);
  const data = ((start + 1) % n) * 512;
  log[data + 8] = 0xaa;
  log[data + 9] = last === 'unmount' ? 0x20 : 0x01;
}
