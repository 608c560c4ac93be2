import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watch } from './watch.ts';

test('a probe is tried at once and after each change', async () => {
  const watch = new Watch();
  const seen: { value?: number } = {};
  const waiting = watch.until(
    () => seen.value,
    5,
    () => 'a value',
  );
  seen.value = 7;
  watch.changed();
  assert.equal(await waiting, 7);
  assert.equal(
    await watch.until(
      () => seen.value,
      5,
      () => 'a value',
    ),
    7,
  );
});

test('a limit says what was waited for', async () => {
  const watch = new Watch();
  await assert.rejects(
    watch.until(
      () => undefined,
      0.01,
      () => 'the moon rises',
    ),
    /^Error: the moon rises: not within /,
  );
});

test('when nothing more comes, those who wait fail, and a value that is there is still had', async () => {
  const watch = new Watch();
  const waiting = watch.until(
    () => undefined,
    5,
    () => 'a word',
  );
  watch.end(new Error('the line is dead'));
  await assert.rejects(waiting, /^Error: a word: the line is dead/);
  await assert.rejects(
    watch.until(
      () => undefined,
      5,
      () => 'more',
    ),
    /more: the line is dead/,
  );
  assert.equal(
    await watch.until(
      () => 1,
      5,
      () => 'a value',
    ),
    1,
  );
});

test('what a probe throws ends the waiting', async () => {
  const watch = new Watch();
  const probe = (): undefined => {
    throw new Error('broken');
  };
  await assert.rejects(
    watch.until(probe, 5, () => 'anything'),
    /^Error: broken$/,
  );
});
