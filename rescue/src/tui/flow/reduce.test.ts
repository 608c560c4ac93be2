import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Job } from '../../engine/index.ts';
import { sampleDisk, sampleImage, samplePlan, sampleState } from '../../../test/tui/sample.ts';
import type { FlowEvent } from './events.ts';
import { reduce } from './reduce.ts';
import { currentStep, currentView, diskKey, type FlowState } from './state.ts';
import type { Effect } from './effects.ts';
import { noticeText } from '../screens/overlays.ts';
import { wordsOf } from '../words/words.ts';

/** What comes of `events`, one after the other; answers carry the token that is waited for. */
function play(state: FlowState, ...events: readonly FlowEvent[]): { state: FlowState; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const event of events) {
    const token = state.waiting?.token ?? -1;
    const result = reduce(state, 'token' in event && event.token === 0 ? { ...event, token } : event);
    state = result.state;
    effects.push(...result.effects);
  }
  return { state, effects };
}

const b = sampleDisk('/dev/sdb');
const c = sampleDisk('/dev/sdc');
const opened: FlowEvent = {
  kind: 'place-opened',
  token: 0,
  opened: {
    place: { id: 'p1', rule: { path: '/r' }, path: '/r' },
    label: 'a stick',
    disks: ['/dev/sdc'],
    repositories: [],
  },
};
const openPlace: FlowEvent = {
  kind: 'open-place',
  rule: { path: '/r' },
  label: 'a stick',
  disks: ['/dev/sdc'],
};
const imageJob: Job = { kind: 'image', sources: ['/dev/sdb'], repository: '/r/permafrost' };
const toPlan: readonly FlowEvent[] = [
  { kind: 'begin', flow: 'image' },
  { kind: 'sources-chosen', key: diskKey(b), path: '/dev/sdb' },
  openPlace,
  opened,
  { kind: 'choose-folder', path: '/r/permafrost', exists: false },
  { kind: 'planned', token: 0, plan: samplePlan(imageJob) },
];

test('an image is planned as it was chosen, and started by the digest that was shown', () => {
  const planned = play(sampleState(), ...toPlan);
  assert.equal(currentStep(planned.state), 'plan');
  assert.deepEqual(
    planned.effects.find(({ kind }) => kind === 'plan'),
    { kind: 'plan', token: 2, job: imageJob },
  );
  const started = play(planned.state, { kind: 'go-ahead' });
  assert.deepEqual(started.effects, [{ kind: 'start', token: 3, job: imageJob, digest: 'aaaa' }]);
});

test('a plan that would be refused starts nothing', () => {
  const refusal = { code: 'device/in-use', message: 'in use', hint: '', details: {} };
  const { state } = play(sampleState(), ...toPlan.slice(0, -1), {
    kind: 'planned',
    token: 0,
    plan: samplePlan(imageJob, 'aaaa', { refusals: [refusal] }),
  });
  assert.deepEqual(play(state, { kind: 'go-ahead' }).effects, []);
});

test('a job that waits to begin, or could not, is shown when it comes, and stays away when it was left', () => {
  const waits = (waiting: string): FlowEvent => ({ kind: 'host', state: { kind: 'idle', waiting } });
  const error = { code: 'job-file/disk', message: '', hint: '', details: {} };
  const { state } = play(sampleState(), waits('the share'));
  assert.equal(currentView(state), 'job');
  const left = play(state, { kind: 'watch', on: false }, waits('another share')).state;
  assert.equal(currentView(left), 'home');
  const failed = play(left, { kind: 'host', state: { kind: 'idle', problem: { source: '', error } } }).state;
  assert.equal(currentView(failed), 'job');
  assert.equal(currentView(play(failed, { kind: 'host', state: { kind: 'idle' } }).state), 'home');
});

test('a plan that has changed is shown again, and what was typed confirms nothing', () => {
  const waiting = play(sampleState(), ...toPlan, { kind: 'go-ahead' }).state;
  const error = { code: 'plan/changed', message: '', hint: '', details: {} };
  const { state, effects } = play(waiting, { kind: 'failed', token: 0, error });
  assert.equal(state.notice?.id, 'plan-changed');
  assert.equal(effects[0]?.kind, 'plan');
  assert.equal(state.problem, undefined);
});

test('a restore is confirmed on a page of its own, whose fields begin empty', () => {
  const job: Job = {
    kind: 'restore',
    repository: '/r',
    image: 'i',
    targets: [{ disk: 1, target: '/dev/sdb' }],
  };
  const before = sampleState({
    flow: 'restore',
    trail: ['home', 'plan'],
    plan: samplePlan(job),
    fields: { confirm1: 'B042' },
  });
  const { state, effects } = play(before, { kind: 'go-ahead' });
  assert.equal(currentStep(state), 'confirm');
  assert.equal(state.fields['confirm1'], undefined);
  assert.deepEqual(effects, []);
});

test('each disk of an image goes to a target of its own, and Esc takes the last one back', () => {
  const image = sampleImage(2);
  let { state } = play(
    sampleState({
      flow: 'restore',
      trail: ['home', 'images'],
      repository: { path: '/r', exists: true },
      images: { images: [image], damaged: [] },
    }),
    { kind: 'choose-image', image: image.id },
    { kind: 'parts-chosen' },
    { kind: 'choose-target', key: diskKey(b), path: '/dev/sdb' },
  );
  assert.equal(state.targets.length, 1);
  state = play(state, { kind: 'back' }).state;
  assert.deepEqual([currentStep(state), state.targets.length], ['target', 0]);
  const { effects } = play(
    state,
    { kind: 'choose-target', key: diskKey(b), path: '/dev/sdb' },
    { kind: 'choose-target', key: diskKey(c), path: '/dev/sdc' },
  );
  const plan = effects.find(({ kind }) => kind === 'plan');
  assert.deepEqual(plan?.kind === 'plan' && plan.job.kind === 'restore' ? plan.job.targets : [], [
    { disk: 1, target: '/dev/sdb' },
    { disk: 2, target: '/dev/sdc' },
  ]);
});

test('what was typed survives going back', () => {
  const { state } = play(
    sampleState(),
    ...toPlan,
    { kind: 'go', step: 'options' },
    { kind: 'type', field: 'name', text: 'mine' },
    { kind: 'back' },
  );
  assert.equal(state.fields.name, 'mine');
  assert.equal(state.job?.kind === 'image' ? state.job.name : '', 'mine');
});

test('an answer that nobody waits for is dropped, and its place let go', () => {
  const waiting = play(sampleState(), { kind: 'begin', flow: 'image' }, openPlace).state;
  const stopped = play(waiting, { kind: 'stop-waiting' });
  assert.deepEqual(stopped.effects, [{ kind: 'stop', token: waiting.waiting!.token }]);
  const late = play(stopped.state, { ...opened, token: waiting.waiting!.token });
  assert.deepEqual(late.effects, [{ kind: 'release-place', placeId: 'p1' }]);
  assert.equal(late.state.place, undefined);
});

test('a chosen disk that is taken out is no longer chosen', () => {
  const planned = play(sampleState(), ...toPlan).state;
  const { state } = play(planned, { kind: 'disks', disks: [c] });
  assert.deepEqual([currentStep(state), state.sources, state.notice?.id], ['sources', [], 'disk-gone']);
});

test('another disk that takes the name of a chosen one is not the chosen one', () => {
  const planned = play(sampleState(), ...toPlan).state;
  const other = sampleDisk('/dev/sdb', { diskSequence: 999 });
  assert.deepEqual(play(planned, { kind: 'disks', disks: [other, c] }).state.sources, []);
});

test('a disk that is plugged in is found, and gets the focus', () => {
  const asked = play(sampleState(), { kind: 'begin', flow: 'image' }, { kind: 'plug' }).state;
  const found = sampleDisk('/dev/sde');
  const { state } = play(asked, { kind: 'disks', disks: [...asked.disks!, found] });
  assert.deepEqual([currentStep(state), state.focus.sources], ['sources', diskKey(found)]);
});

test('a job that begins elsewhere is shown, and the page behind it is kept', () => {
  const run = { id: 'r1', job: imageJob, startedAt: '' };
  const { state } = play(
    sampleState({ watching: false }),
    { kind: 'go', step: 'tools' },
    {
      kind: 'host',
      state: { kind: 'running', run, paused: false, cancelling: false, gaps: [], gapCount: 0 },
    },
  );
  assert.equal(currentView(state), 'job');
  assert.equal(currentStep(state), 'tools');
});

test('a question is answered no by default, and yes does what was asked', () => {
  const asked = play(sampleState(), {
    kind: 'ask',
    question: { id: 'cancel-job', yes: { kind: 'job', action: 'cancel' } },
  }).state;
  assert.equal(asked.focus.question, 'no');
  assert.deepEqual(play(asked, { kind: 'answer', yes: false }).effects, []);
  assert.deepEqual(play(asked, { kind: 'answer', yes: true }).effects, [{ kind: 'job', action: 'cancel' }]);
});

test('a copy goes to all disks that were marked, each is confirmed, and a disk is not copied to itself', () => {
  const job: Job = { kind: 'clone', source: '/dev/sdb', targets: ['/dev/sdc', '/dev/sdd'] };
  const d = sampleDisk('/dev/sdd');
  const { state, effects } = play(
    sampleState(),
    { kind: 'begin', flow: 'clone' },
    { kind: 'sources-chosen', key: diskKey(b), path: '/dev/sdb' },
    { kind: 'mark-copy', key: diskKey(c), path: '/dev/sdc' },
    { kind: 'mark-copy', key: diskKey(d), path: '/dev/sdd' },
    { kind: 'copies-chosen', key: diskKey(c), path: '/dev/sdc' },
    { kind: 'planned', token: 0, plan: samplePlan(job) },
  );
  assert.deepEqual(effects, [{ kind: 'plan', token: 1, job }]);
  const confirming = play(state, { kind: 'go-ahead' });
  assert.equal(currentStep(confirming.state), 'confirm');
  assert.deepEqual(confirming.effects, []);
  const gone = play(confirming.state, { kind: 'disks', disks: [b, c] }).state;
  assert.deepEqual([currentStep(gone), gone.copies.length, gone.notice?.id], ['copies', 1, 'disk-gone']);
  const other = play(
    gone,
    { kind: 'back' },
    { kind: 'sources-chosen', key: diskKey(c), path: '/dev/sdc' },
  ).state;
  assert.deepEqual(other.copies, []);
});

test('where logs were saved is said with the folder', () => {
  const waiting = { token: 7, what: 'logs', subject: 'a stick' } as const;
  const state: FlowState = { ...sampleState({}), waiting };
  const saved = { kind: 'logs-saved', subject: 'a stick', folder: 'permafrost-logs-x' } as const;
  const { notice } = reduce(state, { ...saved, token: 7 }).state;
  assert.match(noticeText(notice!, wordsOf('en')), /permafrost-logs-x on a stick/);
  assert.equal(reduce(state, { ...saved, token: 6 }).state.notice, undefined);
});
