/** More layouts of clean XFS against xfsprogs, the kernel and partclone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proveLayout, proveLogStates, type Layout } from './support-xfs.ts';
import { limitMs } from '../support/patience.ts';

const MIB = 1024 * 1024;
const v4 = { reader: 'grub', fillBytes: 6 * MIB } as const;

const layouts: readonly Layout[] = [
  { name: 'version 4 with its oldest log', options: ['-m', 'crc=0', '-l', 'version=1'], ...v4 },
  { name: 'version 4 with exact counters', options: ['-m', 'crc=0', '-l', 'lazy-count=0'], ...v4 },
  { name: 'version 4 with file types in directories', options: ['-m', 'crc=0', '-n', 'ftype=1'], ...v4 },
  { name: 'version 4 with old attributes', options: ['-m', 'crc=0', '-i', 'attr=1,projid32bit=0'], ...v4 },
  { name: 'version 4 with sectors of 4096 bytes', options: ['-m', 'crc=0', '-s', 'size=4096'], ...v4 },
  { name: 'blocks of 16 KiB', options: ['-b', 'size=16384'], mebibytes: 160, ...v4 },
  { name: 'blocks of 64 KiB', options: ['-b', 'size=65536'], mebibytes: 320, ...v4 },
  { name: 'blocks of 2 KiB', options: ['-b', 'size=2048'], partclone: true },
  { name: 'names without case', options: ['-m', 'crc=0', '-n', 'version=ci'], ...v4, reader: 'none' },
  { name: '24 groups', options: ['-d', 'agcount=24'], mebibytes: 400, fillBytes: 40 * MIB, partclone: true },
  {
    name: 'reverse mapping, nearly full',
    options: ['-m', 'rmapbt=1', '-b', 'size=1024'],
    full: true,
    partclone: true,
  },
];
for (const layout of layouts) {
  test(`maps exactly what is used: ${layout.name}`, { timeout: limitMs(300) }, async (t) => {
    await proveLayout(t, layout);
  });
}

test('the log is clean after every unmount of many', { timeout: limitMs(600) }, async (t) => {
  assert.ok((await proveLogStates(t, 60)) >= 8, 'the log went round several times');
});
