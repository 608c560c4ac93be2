import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addCounts, countsFromTap, describeCounts, noCounts } from './test-counts.ts';

const sums = (pass: number, fail: number, cancelled: number, skipped: number, todo: number): string =>
  `1..3\n# tests 3\n# suites 0\n# pass ${pass}\n# fail ${fail}\n# cancelled ${cancelled}\n# skipped ${skipped}\n# todo ${todo}\n# duration_ms 9\n`;

test('the sums at the end of a TAP are taken, cancelled as failed and todo as skipped', () => {
  assert.deepEqual(countsFromTap(`TAP version 13\n${sums(5, 1, 2, 3, 4)}`), {
    passed: 5,
    failed: 3,
    skipped: 7,
  });
});

test('a TAP that was cut off is counted line by line', () => {
  const tap = [
    'TAP version 13',
    '# Subtest: a',
    'ok 1 - a',
    '    ok 1 - inner',
    'not ok 2 - b',
    'ok 3 - c # SKIP why',
    'not ok 4 - d # TODO',
  ].join('\n');
  assert.deepEqual(countsFromTap(tap), { passed: 2, failed: 1, skipped: 2 });
});

test('no TAP counts nothing', () => {
  assert.deepEqual(countsFromTap(''), noCounts);
});

test('the last line names skipped tests only if there are any', () => {
  assert.equal(
    describeCounts(addCounts({ passed: 1, failed: 2, skipped: 0 }, noCounts)),
    '1 passed, 2 failed',
  );
  assert.equal(describeCounts({ passed: 1, failed: 0, skipped: 4 }), '1 passed, 0 failed, 4 skipped');
});
