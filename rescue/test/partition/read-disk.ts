/** Reads the tables of disks in memory. */
import assert from 'node:assert/strict';
import { memoryReader, type BlockReader } from '../../src/engine/base/block-reader.ts';
import { PermafrostError } from '../../src/engine/base/errors.ts';
import type { PartitionTable } from '../../src/engine/partition/partition-table.ts';
import { readTable, type ReadTableOptions } from '../../src/engine/partition/table.ts';

export function tableOf(
  disk: Uint8Array,
  options?: ReadTableOptions,
  sectorSize = 512,
): Promise<PartitionTable> {
  return readTable(memoryReader(disk, 'disk', sectorSize), options);
}

/** `memoryReader` with sectors that cannot be read. */
export function withBadSectors(disk: Uint8Array, bad: readonly number[]): BlockReader {
  const memory = memoryReader(disk);
  return {
    ...memory,
    read(offset, length) {
      const hit = bad.find((sector) => sector * 512 < offset + length && (sector + 1) * 512 > offset);
      if (hit === undefined) return memory.read(offset, length);
      const details = { path: 'disk', syscall: 'pread', errno: 'EIO', offset: hit * 512, length: 512 };
      return Promise.reject(new PermafrostError('device/read-failed', details));
    },
  };
}

/** Fails unless the table is of `kind`. */
export function assertKind<K extends PartitionTable['kind']>(
  table: PartitionTable,
  kind: K,
): asserts table is Extract<PartitionTable, { kind: K }> {
  assert.equal(table.kind, kind, JSON.stringify(table));
}
