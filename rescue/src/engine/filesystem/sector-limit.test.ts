import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryReader } from '../base/block-reader.ts';
import type { FileSystemKind } from './file-system.ts';
import { mostSectorBytes } from './sector-limit.ts';

test('each file system says for which sectors it was made', async () => {
  const cases: readonly [FileSystemKind, (bytes: Buffer) => void, number | undefined][] = [
    ['ntfs', (bytes) => bytes.writeUInt16LE(512, 11), 512],
    ['fat32', (bytes) => bytes.writeUInt16LE(4096, 11), 4096],
    ['exfat', (bytes) => bytes.writeUInt8(9, 108), 512],
    ['xfs', (bytes) => bytes.writeUInt16BE(4096, 102), 4096],
    ['ext4', () => undefined, 1024],
  ];
  for (const [kind, set, expected] of cases) {
    const bytes = Buffer.alloc(4096);
    set(bytes);
    assert.equal(await mostSectorBytes(memoryReader(bytes), { kind, blockSize: 1024 }), expected, kind);
  }
  assert.equal(await mostSectorBytes(memoryReader(new Uint8Array(4096)), { kind: 'luks' }), undefined);
});
