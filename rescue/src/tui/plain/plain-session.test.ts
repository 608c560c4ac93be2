import { test } from 'node:test';
import assert from 'node:assert/strict';
import { sampleDisk, samplePlan } from '../../../test/tui/sample.ts';
import { restoreJob } from '../../../test/tui/job-scenes.ts';
import { scenes } from '../../../test/tui/scenes.ts';
import type { Effect } from '../flow/effects.ts';
import { wrapLine } from '../text.ts';
import { viewOf } from '../screens/view-of.ts';
import { languages } from '../words/languages.ts';
import { wordsOf } from '../words/words.ts';
import { Numbers, pageLines } from './page.ts';
import { PlainSession } from './plain-session.ts';

function plain(more: Partial<ConstructorParameters<typeof PlainSession>[0]> = {}) {
  const lines: string[] = [];
  const effects: Effect[] = [];
  const hidden: boolean[] = [];
  const session = new PlainSession({
    language: 'en',
    rescue: true,
    isRoot: true,
    host: { kind: 'idle' },
    unicode: false,
    print: (line) => lines.push(line),
    hideInput: (hide) => hidden.push(hide),
    runEffect: (effect) => effects.push(effect),
    ...more,
  });
  /** What was said since it was last asked for. */
  const said = (): string => lines.splice(0).join('\n');
  /** The number of what `label` begins. */
  const number = (text: string, label: string): string => {
    const found = new RegExp(`^(\\d+)\\. (Type in: )?${label}`, 'm').exec(text)?.[1];
    assert.ok(found !== undefined, `no number for ${label} in:\n${text}`);
    return found;
  };
  return { session, effects, hidden, said, number };
}

const b = sampleDisk('/dev/sdb', { model: 'Beta' });
const c = sampleDisk('/dev/sdc', { model: 'Gamma' });

test('a disk is chosen by its number, and the plan is read aloud before anything begins', () => {
  const { session, effects, said, number } = plain();
  session.start();
  session.enter(number(said(), 'Save an image'));
  assert.match(said(), /Which disk do you want to save/);
  session.dispatch({ kind: 'disks', disks: [b, c] });
  const listed = said();
  assert.match(listed, /serial S5Y1NG0NC042/);
  session.enter(number(listed, 'Gamma'));
  assert.deepEqual(
    session.state.sources.map(({ path }) => path),
    ['/dev/sdc'],
  );
  said();
  session.enter(number(pageOf(session), 'A folder of this system'));
  session.enter(number(said(), 'Folder'));
  assert.match(said(), /Type it, then Enter/);
  session.enter('/r');
  assert.equal(effects.at(-1)?.kind, 'open-place');
});

function pageOf(session: PlainSession): string {
  return pageLines(viewOf(session.state), new Numbers(), wordsOf(session.state.language))
    .map(({ text }) => text)
    .join('\n');
}

test('a number means the same disk when the list changes, and none when that disk is gone', () => {
  const { session, said, number } = plain();
  session.start();
  session.dispatch({ kind: 'disks', disks: [b, c] });
  session.enter(number(said(), 'Save an image'));
  const before = said();
  const beta = number(before, 'Beta');
  const gamma = number(before, 'Gamma');
  const a = sampleDisk('/dev/sda', { model: 'Alpha' });
  session.dispatch({ kind: 'disks', disks: [a, c] });
  const changed = said();
  assert.match(changed, /No longer there: \d\. Beta/);
  const alpha = number(changed, 'Alpha');
  assert.ok(![beta, gamma].includes(alpha));
  session.enter(beta);
  assert.match(said(), /Nothing here has the number/);
  assert.deepEqual(session.state.sources, []);
  session.enter(gamma);
  assert.deepEqual(
    session.state.sources.map(({ path }) => path),
    ['/dev/sdc'],
  );
});

test('a restore is confirmed by what is typed, and by nothing else', () => {
  const { session, effects, said, number } = plain();
  session.dispatch({ kind: 'disks', disks: [b, c] });
  session.enter(number(pageOf(session), 'Put an image back'));
  session.dispatch({ kind: 'go', step: 'plan' });
  // As if it had been waited for.
  session.dispatch({ kind: 'network-up' });
  session.dispatch({
    kind: 'planned',
    token: session.state.waiting!.token,
    plan: samplePlan(restoreJob),
  });
  effects.length = 0;
  const plan = said();
  assert.match(plan, /WILL BE OVERWRITTEN AND LOST/);
  session.enter(number(plan, 'Go on to confirm'));
  const asked = said();
  session.enter(number(asked, 'the 4 characters'));
  session.enter('C042');
  assert.match(said(), /That is not what was asked for/);
  assert.equal(effects.length, 0);
  session.enter(number(asked, 'the 4 characters'));
  session.enter('B042');
  assert.equal(effects.at(-1)?.kind, 'start');
});

test('progress is said every 10 seconds, and at once where something changes', () => {
  let now = 0;
  const { session, said } = plain({ now: () => now });
  const running = scenes['running, an image']!.host;
  assert.ok(running.kind === 'running');
  const tick = (ms: number, more: object = {}): string => {
    now += ms;
    session.dispatch({ kind: 'host', state: { ...running, gaps: [], gapCount: 0, ...more } });
    return said();
  };
  tick(0);
  assert.match(tick(500), /Reading, 40 %, 200 MiB of 500 MiB/);
  assert.equal(tick(500), '');
  assert.equal(tick(9000), '');
  assert.match(tick(1000), /Reading, 40 %/);
  assert.match(tick(100, { paused: true }), /PAUSED/);
  assert.match(
    tick(100, { gaps: running.gaps, gapCount: 3 }),
    /partition 1, 4\.0 KiB at 0: could not be read/,
  );
  session.enter('c');
  assert.match(said(), /Stop the job\?/);
});

test('a password is not seen, and its blanks are its own', () => {
  const { session, hidden, said, number } = plain();
  session.dispatch({ kind: 'go', step: 'smb' });
  session.enter(number(said(), 'Password'));
  session.enter(' secret ');
  assert.deepEqual(hidden, [true, false]);
  assert.equal(session.state.fields.smbPassword, ' secret ');
  assert.ok(!said().includes('secret '));
});

test('a line stops a countdown, and nothing is asked', () => {
  const { session, effects } = plain();
  session.dispatch({ kind: 'host', state: scenes['countdown']!.host });
  session.enter('');
  assert.deepEqual(effects, [{ kind: 'job', action: 'cancel' }]);
});

test('every page can be read aloud, in ASCII, in both languages, with all its choices and its way back', () => {
  for (const [name, scene] of Object.entries(scenes))
    for (const { id: language } of languages) {
      const words = wordsOf(language);
      const view = viewOf({ ...scene, language });
      const text = pageLines(view, new Numbers(), words)
        .map((line) => line.text)
        .join('\n');
      for (const { label, reason } of view.items) {
        assert.ok(text.includes(label), `${name}: ${label}`);
        if (reason !== undefined)
          assert.ok(text.includes(words.plain.notPossible(reason)), `${name}: ${label}`);
      }
      if (view.back !== undefined) assert.ok(text.includes(`b ${view.back.label}`), name);
      const { session, said } = plain({ language, state: { ...scene, language } });
      session.start();
      assert.match(said(), /^[\n\x20-\x7e]*$/, name);
      assert.equal(session.state.bug, scene.bug, name);
    }
});

test('l changes the language on every page, and the help speaks of no arrow keys', () => {
  const { session, said, number } = plain();
  session.start();
  session.enter(number(said(), 'Save an image'));
  session.enter('l');
  assert.match(said(), /Welche Platte moechten Sie sichern/);
  session.enter('h');
  const help = said();
  assert.match(help, /Seriennummer/);
  assert.doesNotMatch(help, /Pfeiltasten|Leertaste|die Marke/);
});

test('lines end between words where the terminal does, on every page', () => {
  for (const { id: language } of languages)
    for (const [name, scene] of Object.entries(scenes)) {
      const [narrow, whole] = [60, undefined].map((columns) => {
        const { session, said } = plain({ language, state: { ...scene, language }, columns: () => columns });
        session.start();
        return said();
      });
      for (const line of narrow!.split('\n')) assert.ok(line.length < 60, `${name}: ${line}`);
      // Only what is longer than a line, such as a path, is cut.
      const words = (text: string): string[] => text.split(/\s+/).filter((word) => word.length < 50);
      const cut = words(whole!).filter((word) => !words(narrow!).includes(word));
      assert.deepEqual(cut, [], name);
    }
  const columns = (): number => 30;
  const { session, said } = plain({ columns });
  session.start();
  assert.match(said(), /^1\. .+\n {3}\S/m);
  assert.deepEqual(wrapLine('   short', 30), ['   short']);
});
