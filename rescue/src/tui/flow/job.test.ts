import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Job } from '../../engine/index.ts';
import { scenes } from '../../../test/tui/scenes.ts';
import { testSession } from '../../../test/tui/drawn.ts';
import { samplePlan } from '../../../test/tui/sample.ts';
import { jobOf } from './job.ts';
import { reduce } from './reduce.ts';
import type { FlowEvent } from './events.ts';
import { currentStep, diskKey, type FlowState } from './state.ts';

const play = (state: FlowState, ...events: readonly FlowEvent[]): FlowState =>
  events.reduce((before, event) => reduce(before, event).state, state);

/** What the job says of partitions. */
function asked(state: FlowState): Partial<Extract<Job, { kind: 'restore' }>> {
  const job = jobOf(state);
  assert.ok(job?.kind === 'restore');
  return Object.fromEntries(
    Object.entries(job).filter(([name]) => ['partitions', 'into', 'grow'].includes(name)),
  );
}

const all: FlowState = {
  ...scenes['partitions, all']!,
  trail: ['home', 'place', 'images', 'target', 'plan', 'options', 'partitions'],
};

test('partitions are left out, and go elsewhere, each on its page', () => {
  assert.deepEqual(asked(all), {});
  const some = play(all, { kind: 'partition', number: 1 }, { kind: 'partition', number: 4 });
  assert.deepEqual(asked(some), { partitions: [2, 3, 5] });
  const at = play(some, { kind: 'place-partition', number: 2 });
  assert.equal(currentStep(at), 'into');
  const placed = play(at, { kind: 'into', number: 2, place: 7 });
  assert.equal(currentStep(placed), 'partitions');
  assert.deepEqual(asked(placed), {
    into: [
      { partition: 2, place: 7 },
      { partition: 3, place: 3 },
      { partition: 5, place: 5 },
    ],
  });
  // A place for one that was left out takes it in again; where it was is no place of its own.
  const again = play(
    placed,
    { kind: 'place-partition', number: 1 },
    { kind: 'into', number: 1, place: 'free' },
  );
  assert.deepEqual(asked(again).into?.[0], { partition: 1, place: 'free' });
  const back = play(
    again,
    ...[1, 2, 4].flatMap((number): FlowEvent[] => [
      { kind: 'place-partition', number },
      { kind: 'into', number },
    ]),
  );
  assert.deepEqual(asked(back), {});
});

test('what grows is asked for where it can be: the whole disk, or a partition that moved', () => {
  assert.deepEqual(asked({ ...all, grow: 'last' }), { grow: 'last' });
  assert.deepEqual(asked({ ...all, grow: 2 }), { grow: 2 });
  assert.deepEqual(asked({ ...all, grow: 2, leftOut: [1] }), { partitions: [2, 3, 4, 5] });
  const moved = { ...all, leftOut: [1, 3, 4, 5], into: { 2: 7 } };
  assert.deepEqual(asked({ ...moved, grow: 2 }), { into: [{ partition: 2, place: 7 }], grow: 2 });
  assert.deepEqual(asked({ ...moved, grow: 'last' }), { into: [{ partition: 2, place: 7 }] });
});

test('another target forgets the places of the one before', () => {
  const state = play(
    { ...all, targets: [], into: { 2: 7 } },
    { kind: 'choose-target', key: 'x', path: '/x' },
  );
  assert.deepEqual(state.into, {});
});

test('Enter takes the disk that it is pressed on, also after another one was taken and come back from', () => {
  const disks = scenes['sources']!.disks!;
  const [first, second] = disks.slice(1).map((listed) => ({ key: diskKey(listed), path: listed.disk.path }));
  const chosen = (state: FlowState): string[] => state.sources.map(({ path }) => path);
  const begun = play(scenes['home']!, { kind: 'begin', flow: 'image' });
  const taken = play(begun, { kind: 'sources-chosen', ...first! }, { kind: 'back' });
  assert.deepEqual(chosen(taken), []);
  assert.deepEqual(chosen(play(taken, { kind: 'sources-chosen', ...second! })), [second!.path]);
  // What was marked stays marked.
  const marked = play(begun, { kind: 'mark-source', ...first! }, { kind: 'sources-chosen', ...second! });
  assert.deepEqual(chosen(play(marked, { kind: 'back' })), [first!.path]);

  const copying = play(
    scenes['home']!,
    { kind: 'begin', flow: 'clone' },
    { kind: 'sources-chosen', key: 'x', path: '/x' },
    { kind: 'copies-chosen', ...first! },
    { kind: 'planned', token: 1, plan: samplePlan({ kind: 'clone', source: '/x', targets: [first!.path] }) },
  );
  assert.equal(currentStep(copying), 'plan');
  const again = play(copying, { kind: 'back' }, { kind: 'copies-chosen', ...second! });
  assert.deepEqual(
    again.copies.map(({ path }) => path),
    [second!.path],
  );
});

test('sizes of sectors are for files alone', () => {
  const image = scenes['options of a file']!;
  assert.equal((jobOf(image) as { sectorSize?: number }).sectorSize, 4096);
  const disk = { ...image, sources: [{ key: '/dev/sdb#1#S', path: '/dev/sdb' }] };
  assert.equal((jobOf(disk) as { sectorSize?: number }).sectorSize, undefined);
});

test('the last partition cannot be left out by keys', () => {
  const { session, press } = testSession({ ...all, leftOut: [2, 3, 4, 5] });
  press(' ');
  assert.deepEqual(session.state.leftOut, [2, 3, 4, 5]);
  press('down', ' ');
  assert.deepEqual(session.state.leftOut, [3, 4, 5]);
});

test('a boot check is planned for the disk that is looked at', () => {
  const state = scenes['disk']!;
  const { effects } = reduce(state, { kind: 'bootcheck', key: state.lookedAt!, path: '/dev/sdb' });
  assert.deepEqual(
    effects.map((effect) => effect.kind === 'plan' && effect.job),
    [{ kind: 'bootcheck', target: '/dev/sdb' }],
  );
});

test('the number of threads goes with the job, and numbers that mean nothing keep the page', () => {
  const options = { ...scenes['options of a check']!, trail: ['home', 'plan', 'options'] } as FlowState;
  const typed = (fields: FlowState['fields'], more: Partial<FlowState> = {}): FlowState =>
    play({ ...options, ...more, fields }, { kind: 'back' });
  const started = (fields: FlowState['fields']): unknown =>
    reduce({ ...options, trail: ['home', 'plan'], fields }, { kind: 'go-ahead' }).effects.map(
      (effect) => effect.kind === 'start' && effect.workers,
    );
  assert.deepEqual(started({ workers: ' 3 ' }), [3]);
  assert.deepEqual(started({}), [undefined]);
  for (const workers of ['', '1', '64']) assert.notEqual(currentStep(typed({ workers })), 'options', workers);
  for (const workers of ['0', '65', 'many', '-1', '2.5'])
    assert.deepEqual(
      [currentStep(typed({ workers })), typed({ workers }).notice?.subject, typed({ workers }).focus.options],
      ['options', 'workers', 'workers'],
      workers,
    );
  const image = { ...scenes['options of an image']!, flow: 'image', trail: options.trail } as FlowState;
  for (const level of ['0', '20', 'small']) assert.equal(typed({ level }, image).notice?.subject, 'level');
  const fresh = { ...image, repository: { path: '/r', exists: false } };
  for (const chunk of ['32', '100', '8192', 'x'])
    assert.equal(typed({ chunk }, fresh).notice?.subject, 'chunk');
  for (const fields of [{ level: '19' }, { chunk: '4096' }, { chunk: '64' }])
    assert.equal(typed(fields, fresh).notice, undefined);
});
