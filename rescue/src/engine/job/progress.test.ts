import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from './job-report.ts';
import { ProgressMeter } from './progress.ts';

/** A meter, and its last snapshot once it has ended. */
function meterAndEnd(gate?: { isPaused: boolean; pausedMs: number }): {
  meter: ProgressMeter;
  end: () => Progress;
} {
  let last: Progress | undefined;
  const meter = new ProgressMeter({
    onProgress: (progress) => (last = progress),
    ...(gate === undefined ? {} : { gate }),
  });
  const end = (): Progress => {
    meter.end();
    assert.ok(last?.final);
    return last;
  };
  return { meter, end };
}

test('a region that is come back to goes on from where it was, until the next phase', () => {
  const { meter, end } = meterAndEnd();
  meter.begin('writing', 100);
  meter.region('/dev/sda', 1, 'partition 1');
  meter.add(10);
  meter.region('/dev/sda', 1, 'partition 2');
  meter.add(20);
  meter.region('/dev/sda', 1, 'partition 1');
  meter.add(5);
  const { subject, doneBytes, region } = end();
  assert.equal(subject, '/dev/sda partition 1');
  assert.equal(doneBytes, 35);
  assert.deepEqual(region, { disk: 1, name: 'partition 1', doneBytes: 15 });

  const next = meterAndEnd();
  next.meter.begin('writing', 100);
  next.meter.region('/dev/sda', 1, 'head');
  next.meter.add(10);
  next.meter.begin('reading back', 100);
  next.meter.region('/dev/sda', 1, 'head');
  assert.deepEqual(next.end().region, { disk: 1, name: 'head', doneBytes: 0 });
});

test('the time of a pause counts neither for the rate nor for the time left', (t) => {
  let nowMs = 1000;
  t.mock.method(performance, 'now', () => nowMs);
  const gate = { isPaused: false, pausedMs: 0 };
  const { meter, end } = meterAndEnd(gate);
  meter.begin('reading', 2000);
  meter.add(1000);
  nowMs += 60;
  // As if all but the last millisecond had been a pause.
  gate.pausedMs = 59;
  const { bytesPerSecond, secondsLeft } = end();
  assert.deepEqual([bytesPerSecond, secondsLeft], [1_000_000, 0.001]);
});
