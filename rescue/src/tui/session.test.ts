import { test } from 'node:test';
import assert from 'node:assert/strict';
import { sampleDisk, samplePlan, sampleState } from '../../test/tui/sample.ts';
import { testSession } from '../../test/tui/drawn.ts';
import { scenes } from '../../test/tui/scenes.ts';
import { diskKey, isAboutToAct } from './flow/state.ts';

const named = (path: string, model: string) => sampleDisk(path, { model });
const a = named('/dev/sda', 'Alpha');
const b = named('/dev/sdb', 'Beta');
const c = named('/dev/sdc', 'Gamma');

function choosing(disks = [b, c]) {
  return testSession(sampleState({ disks, flow: 'image', trail: ['home', 'sources'] }));
}

test('the focus stays on its disk when one appears before it, also where it was never moved', () => {
  const { session, focused } = choosing();
  assert.match(focused(), /Beta/);
  session.dispatch({ kind: 'disks', disks: [a, b, c] });
  assert.match(focused(), /Beta/);
});

test('the focus stays on its disk when one before it vanishes', () => {
  const { session, press, focused, effects } = choosing([a, b, c]);
  press('down');
  session.dispatch({ kind: 'disks', disks: [b, c] });
  assert.match(focused(), /Beta/);
  press('enter');
  assert.deepEqual(session.state.sources, [{ key: diskKey(b), path: '/dev/sdb' }]);
  assert.deepEqual(effects, []);
});

test('where the disk with the focus vanishes nothing has it, and Enter chooses nothing', () => {
  const { session, press, focused } = choosing([a, b, c]);
  press('down');
  session.dispatch({ kind: 'disks', disks: [a, c] });
  assert.equal(focused(), '');
  press('enter');
  assert.deepEqual([session.state.trail.at(-1), session.state.sources], ['sources', []]);
  assert.equal(session.state.notice?.id, 'nothing-marked');
  press('down');
  assert.match(focused(), /Alpha/);
});

test('another disk that takes the name of the one with the focus does not get the focus', () => {
  const { session, press, focused } = choosing([a, b, c]);
  press('down');
  session.dispatch({
    kind: 'disks',
    disks: [a, sampleDisk('/dev/sdb', { model: 'Other', diskSequence: 77 }), c],
  });
  assert.equal(focused(), '');
});

test('a target that vanishes while the help lies over the page is not replaced by another one', () => {
  const { session, press, focused } = testSession(
    sampleState({ disks: [a, b], flow: 'restore', trail: ['home', 'target'], parts: [1] }),
  );
  press('down');
  press('f1');
  session.dispatch({ kind: 'disks', disks: [a] });
  press('escape');
  assert.equal(focused(), '');
});

test('a disk that was chosen and vanished is not replaced on the page that is come back to', () => {
  const { session, press, focused } = choosing();
  press('enter');
  assert.equal(session.state.trail.at(-1), 'place');
  session.dispatch({ kind: 'disks', disks: [c] });
  assert.deepEqual([session.state.trail.at(-1), session.state.notice?.id], ['sources', 'disk-gone']);
  assert.equal(focused(), '');
});

test('the first list of disks gets the focus, and a new visit begins at the first entry that can be chosen', () => {
  const { session, focused } = testSession(
    sampleState({ disks: undefined, flow: 'image', trail: ['home', 'sources'] }),
  );
  session.dispatch({ kind: 'disks', disks: [b] });
  assert.match(focused(), /Beta/);
});

test('what has the focus is not chosen while it is not in sight', () => {
  const job = { kind: 'image', sources: ['/dev/sdb'], repository: '/r' } as const;
  const { session, press, screen, effects } = testSession(
    sampleState({ flow: 'image', trail: ['home', 'plan'], plan: samplePlan(job) }),
    undefined,
    { columns: 80, rows: 14 },
  );
  assert.ok(!screen().some((line) => line.includes('Save the image now')));
  press('enter');
  assert.equal(effects.length, 0);
  for (let i = 0; i < 40 && !screen().some((line) => line.includes('Save the image now')); i++) press('down');
  press('enter');
  assert.equal(effects.at(0)?.kind, 'start');
  assert.equal(session.state.waiting?.what, 'start');
});

test('resizing draws for the new size', () => {
  const { session, screen } = choosing();
  for (const frame of [
    { columns: 132, rows: 43 },
    { columns: 40, rows: 12 },
    { columns: 80, rows: 24 },
  ]) {
    session.resize(frame);
    assert.equal(screen().length, frame.rows);
    assert.ok(screen().every((line) => line.length < frame.columns));
  }
});

test('what is typed goes where the cursor is, and a wrong confirmation starts nothing', () => {
  const job = {
    kind: 'restore',
    repository: '/r',
    image: 'i',
    targets: [{ disk: 1, target: '/dev/sdb' }],
  } as const;
  const { session, press, effects } = testSession(
    sampleState({
      disks: [b, c],
      flow: 'restore',
      trail: ['home', 'plan', 'confirm'],
      plan: samplePlan(job),
    }),
  );
  press('B04', 'left', 'left', 'X', 'enter');
  assert.equal(session.state.fields['confirm1'], 'BX04');
  assert.deepEqual([effects, session.state.notice?.id], [[], 'confirm-wrong']);
  press('clear', 'B042', 'enter');
  assert.deepEqual(effects, [{ kind: 'start', token: 1, job, digest: 'aaaa' }]);
});

test('any key stops a countdown, and does nothing else', () => {
  const { session, press, effects } = testSession(
    sampleState({
      host: {
        kind: 'countdown',
        file: { id: 'nightly', source: 'a stick', step: 0, steps: 1 },
        jobs: [],
        overwrites: [],
        secondsLeft: 9,
      },
    }),
  );
  press('f1');
  assert.equal(session.state.helpOpen, true);
  press('escape', 'x');
  assert.deepEqual(effects, [{ kind: 'job', action: 'cancel' }]);
});

test('a bug in a page is shown, and leads back to the start', () => {
  const { session, press, screen } = choosing();
  session.dispatch({ kind: 'disks', disks: [{} as never] });
  assert.ok(screen().some((line) => line.includes('bug in Permafrost')));
  press('escape');
  assert.equal(session.state.bug, undefined);
});

test('F2 changes the language on every page, whatever has the focus', () => {
  for (const [name, scene] of Object.entries(scenes)) {
    const { session, press } = testSession({ ...scene, language: 'en' });
    const { host, watching, helpOpen } = scene;
    // There any key stops what would happen by itself, and does nothing else.
    if (isAboutToAct(host) && watching && !helpOpen) continue;
    press('f2');
    assert.equal(session.state.language, 'de', name);
    press('f2');
    assert.equal(session.state.language, 'en', name);
  }
});

test('F2 changes the language of the page that is seen, also while its help is read', () => {
  const { session, press } = choosing();
  press('f2');
  assert.equal(session.view.question, 'Welche Platte möchten Sie sichern?');
  press('f1');
  assert.ok(session.view.keys.some(({ key, label }) => key === 'F2' && label === 'English'));
  press('f2');
  assert.equal(session.view.title, 'Help');
});
