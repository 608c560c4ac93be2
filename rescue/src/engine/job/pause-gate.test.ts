import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPermafrostError } from '../base/errors.ts';
import { PauseGate } from './pause-gate.ts';

test('lets nothing pass while paused, and counts only that time', async () => {
  let nowMs = 1000;
  const gate = new PauseGate(() => nowMs);
  await gate.pass();
  gate.pause();
  nowMs += 50;
  gate.pause();
  assert.equal(gate.pausedMs, 50);
  const passed: number[] = [];
  const waiting = [1, 2].map((i) => gate.pass().then(() => passed.push(i)));
  await new Promise(setImmediate);
  assert.deepEqual(passed, []);
  nowMs += 50;
  gate.resume();
  await Promise.all(waiting);
  nowMs += 1000;
  gate.resume();
  assert.equal(gate.pausedMs, 100);
  gate.pause();
  nowMs += 7;
  assert.equal(gate.pausedMs, 107);
});

test('what is paused again before it could go on stays where it is', async () => {
  const gate = new PauseGate();
  gate.pause();
  let passed = false;
  const waiting = gate.pass().then(() => (passed = true));
  gate.resume();
  gate.pause();
  await new Promise(setImmediate);
  assert.equal(passed, false);
  gate.resume();
  await waiting;
});

test('a cancel ends a pause, before it and during it', async () => {
  const gate = new PauseGate();
  gate.pause();
  const controller = new AbortController();
  const waiting = gate.pass(controller.signal);
  controller.abort();
  const cancelled = (error: unknown): boolean => isPermafrostError(error, 'job/cancelled');
  await assert.rejects(waiting, cancelled);
  await assert.rejects(gate.pass(controller.signal), cancelled);
});
