import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remark } from '../base/remarks.ts';
import type { AskedPartition } from './job.ts';
import type { ResizePlan } from './plan.ts';
import { placesOf, rangeOf, whyNotSize } from './resize-rules.ts';

const MIB = 1024 * 1024;

/** EFI, a file system that can be anything, one that keeps its size: on 100 MiB. */
const plan: ResizePlan = {
  room: { end: 100 * MIB, sectorSize: 512, reserveBytes: 0 },
  partitions: [
    { number: 1, start: MIB, length: 9 * MIB, leadBytes: 0, leastBytes: 4 * MIB, mostBytes: 12 * MIB },
    { number: 2, start: 10 * MIB, length: 40 * MIB, leadBytes: 0, leastBytes: 15 * MIB },
    {
      ...{ number: 3, start: 50 * MIB, length: 10 * MIB, leadBytes: 0, leastBytes: 10 * MIB },
      leastReason: remark('resize/no-shrink-tool', { content: 'exFAT' }),
      mostReason: remark('resize/no-grow-tool', { content: 'exFAT' }),
    },
  ],
};

const range = (asked: readonly AskedPartition[], number: number) => {
  const { leastWhy, mostWhy, ...bytes } = rangeOf(plan, asked, number);
  const inMiB = Object.values(bytes).map((value) => value / MIB);
  return [inMiB, leastWhy.code, mostWhy.code];
};

void test('what a partition can be follows from its content, from the others, and from the disk', () => {
  assert.deepEqual(range([], 1), [[4, 12, 1, 41], 'size/content', 'size/width']);
  assert.deepEqual(range([], 2), [[15, 80, 10, 50], 'size/content', 'size/no-room']);
  assert.deepEqual(range([], 3), [[10, 10, 50, 90], 'resize/no-shrink-tool', 'resize/no-grow-tool']);
});

void test('what is asked of one leaves the others more or less', () => {
  const small = [{ partition: 2, size: 15 * MIB }];
  assert.deepEqual(range(small, 3)[0], [10, 10, 25, 90]);
  assert.deepEqual(range([{ partition: 3, start: 60 * MIB }], 2)[0], [15, 50, 10, 20]);
  assert.equal(placesOf(plan, [{ partition: 2, size: 80 * MIB }])!.at(-1)!.to.start, 90 * MIB);
  assert.equal(placesOf(plan, [{ partition: 2, size: 80 * MIB + 512 }]), undefined);
});

void test('what is behind the end is used where nothing else will do', () => {
  const tight = { ...plan, room: { end: 59 * MIB, sectorSize: 512, reserveBytes: MIB } };
  assert.equal(placesOf(tight, [])!.length, 3);
  assert.equal(rangeOf(tight, [], 2).mostBytes, 40 * MIB);
  assert.equal(placesOf(tight, [{ partition: 2, size: 41 * MIB }]), undefined);
});

void test('each limit of a content is a reason by itself', () => {
  const [efi, system, shared] = plan.partitions;
  assert.equal(whyNotSize(efi!, 4 * MIB), undefined);
  assert.equal(whyNotSize(efi!, 4 * MIB - 512)?.code, 'size/content');
  assert.equal(whyNotSize(efi!, 12 * MIB + 512)?.code, 'size/width');
  assert.equal(whyNotSize(system!, 500 * MIB), undefined);
  assert.equal(whyNotSize(shared!, 10 * MIB), undefined);
  assert.equal(whyNotSize(shared!, 10 * MIB - 512)?.code, 'resize/no-shrink-tool');
  assert.equal(whyNotSize(shared!, 10 * MIB + 512)?.code, 'resize/no-grow-tool');
  assert.equal(whyNotSize(shared!, 0)?.code, 'size/empty');
});
