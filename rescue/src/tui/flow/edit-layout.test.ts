import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSession, unicodeTheme } from '../../../test/tui/drawn.ts';
import { samplePlan } from '../../../test/tui/sample.ts';
import { scenes } from '../../../test/tui/scenes.ts';
import type { Plan, RestoreJob } from '../../engine/index.ts';
import { jobOf } from './job.ts';
import { reduce } from './reduce.ts';
import { currentStep, type FlowState } from './state.ts';

const MIB = 1024 * 1024;
const WANTED = { columns: 80, rows: 24 };
const start: FlowState = {
  ...scenes['layout']!,
  trail: ['home', 'place', 'images', 'target', 'plan', 'layout'],
};

/** What is asked of the partition `number`, in MiB. */
function askedOf({ editing }: FlowState, number: number): { size?: number; start?: number } {
  const { size, start: at } = editing!.asked.find(({ partition }) => partition === number) ?? {};
  return {
    ...(size === undefined ? {} : { size: size / MIB }),
    ...(at === undefined ? {} : { start: at / MIB }),
  };
}

void test('arrows and keys change the size of the partition that has the focus, as far as it goes', () => {
  const { session, press } = testSession(start, unicodeTheme, WANTED);
  press('right');
  assert.deepEqual(askedOf(session.state, 2), { size: 301 });
  press('left', 'left', '-');
  assert.deepEqual(askedOf(session.state, 2), { size: 289 });
  press('m');
  assert.deepEqual(askedOf(session.state, 2), { size: 499 });
  press('right');
  assert.deepEqual(askedOf(session.state, 2), { size: 499 });
  assert.equal(session.state.notice!.why!.code, 'size/no-room');
  press('l');
  assert.deepEqual(askedOf(session.state, 2), { size: 30 });
  press('left');
  assert.equal(session.state.notice!.why!.code, 'size/content');
  press('+');
  assert.deepEqual(askedOf(session.state, 2), { size: 40 });
  press('u');
  assert.deepEqual(askedOf(session.state, 2), {});
});

void test('a partition moves by keys as far as the others leave room', () => {
  const { session, press } = testSession({ ...start, focus: { layout: '3' } }, unicodeTheme, WANTED);
  press('>');
  assert.deepEqual(askedOf(session.state, 3), { size: 50, start: 601 });
  press(...Array.from({ length: 400 }, () => '<'));
  assert.deepEqual(askedOf(session.state, 3), { size: 50, start: 401 });
  assert.equal(session.state.notice!.why!.code, 'place/before');
  press(...Array.from({ length: 500 }, () => '>'));
  assert.deepEqual(askedOf(session.state, 3), { size: 50, start: 749 });
  assert.equal(session.state.notice!.why!.code, 'place/behind');
});

void test('what nothing resizes keeps its size, and says why', () => {
  const { session, press, screen } = testSession({ ...start, focus: { layout: '4' } }, unicodeTheme, WANTED);
  for (const key of ['left', 'right', 'm', 'l', '+', '-']) {
    press(key);
    assert.deepEqual(askedOf(session.state, 4), {});
    assert.match(session.state.notice!.why!.code, /^resize\/no-/);
    assert.match(screen().join(' '), /Partition 4: no further: no tool/);
  }
});

void test('an exact size is taken as it is typed, or refused with the reason', () => {
  const typed = (partSize: string, partStart = ''): FlowState => {
    const at: FlowState = {
      ...start,
      trail: [...start.trail, 'part-size'],
      placing: 2,
      fields: { partSize, partStart },
    };
    return reduce(at, { kind: 'take-typed', number: 2 }).state;
  };
  const taken = typed('150,5 MiB', '110MiB');
  assert.deepEqual(askedOf(taken, 2), { size: 150.5, start: 110 });
  assert.equal(currentStep(taken), 'layout');
  assert.equal(typed('150').notice!.subject, 'partSize');
  assert.equal(typed('many').notice!.subject, 'partSize');
  assert.equal(typed('500 MiB').notice!.why!.code, 'size/no-room');
  assert.equal(typed('1 MiB').notice!.why!.code, 'size/content');
  assert.equal(typed('', '5 MiB').notice!.why!.code, 'place/before');
  assert.equal(typed('', '900 MiB').notice!.why!.code, 'place/behind');
  assert.equal(currentStep(typed('1 MiB')), 'part-size');
});

void test('what is chosen goes into the job, and the plan is made anew', () => {
  const { state, effects } = reduce({ ...start, grow: 'last' }, { kind: 'take-layout' });
  const { job } = effects[0] as { job: RestoreJob };
  assert.deepEqual(job.layout, start.editing!.asked);
  assert.equal(job.grow, undefined);
  assert.equal(currentStep(state), 'plan');
  // What gets the free space is another way to decide sizes.
  const grown = reduce(
    { ...state, trail: ['home', 'target', 'plan', 'options', 'grow'] },
    { kind: 'grow', grow: 2 },
  );
  assert.equal((jobOf(grown.state) as RestoreJob).layout, undefined);
});

void test('the page begins with what would be without, or with what was chosen before', () => {
  const disk = start.editing!.disk;
  const plan: Plan = samplePlan({ kind: 'clone', source: '/x', targets: ['/y'] });
  const opened = (more: Partial<FlowState>): FlowState => {
    const at: FlowState = { ...start, trail: ['home', 'plan'], editing: undefined, plan, ...more };
    const { state, effects } = reduce(at, { kind: 'open-layout' });
    const { token, job } = effects[0] as { token: number; job: RestoreJob };
    assert.deepEqual(job.layout, []);
    const from = { start: 101 * MIB, length: 100 * MIB };
    const layout = [{ number: 2, from, to: { ...from, length: 120 * MIB } }];
    const { resizing } = start.editing!;
    return reduce(state, {
      kind: 'planned',
      token,
      plan: { ...plan, disks: [{ ...disk, layout, resizing }] },
    }).state;
  };
  assert.deepEqual(opened({}).editing!.asked, [{ partition: 2, size: 120 * MIB }]);
  assert.equal(opened({}).focus.layout, '1');
  const before = [{ partition: 3, size: 40 * MIB }];
  assert.deepEqual(opened({ layout: before }).editing!.asked, before);
  // What has no room any more is not begun with.
  const gone = [{ partition: 3, size: 4000 * MIB }];
  assert.deepEqual(opened({ layout: gone }).editing!.asked, [{ partition: 2, size: 120 * MIB }]);
});
