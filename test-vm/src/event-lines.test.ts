import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLines } from './event-lines.ts';

test('a job is told in lines, its progress not too often', () => {
  let now = 0;
  const lines = new EventLines(() => now);
  const progress = { type: 'progress', phase: 'reading', doneBytes: 2e6, totalBytes: 64e6 };
  assert.deepEqual(lines.of({ type: 'job', id: 'a', repository: 'r', overwrites: ['disk X'] }), [
    'job "a", images in r',
    'OVERWRITES disk X',
  ]);
  assert.deepEqual(lines.of(progress), ['  reading: 2 of 64 MB']);
  assert.deepEqual(lines.of(progress), []);
  now = 5000;
  assert.equal(lines.of(progress).length, 1);
  assert.deepEqual(
    lines.of({ type: 'result', outcome: 'failed', error: { message: 'No disk:\n  X', hint: 'Plug it in.' } }),
    ['the job ended: failed', '  No disk:', '    X', '  Plug it in.'],
  );
});

test('whatever a guest sends ends in lines without control characters', () => {
  const lines = new EventLines();
  for (const type of ['job', 'step', 'progress', 'waiting', 'note', 'report', 'result', 'unreadable', 7]) {
    for (const value of [null, 1, '\x1b]0;title\x07\n', [], {}]) {
      const event = {
        type,
        id: value,
        what: value,
        note: value,
        job: value,
        error: value,
        overwrites: value,
      };
      for (const line of lines.of(event)) assert.doesNotMatch(line, /[\x00-\x1f]/);
    }
  }
});
