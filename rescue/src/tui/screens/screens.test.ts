/** Every page in every state, in both languages: nothing is cut, nothing is wider than the terminal. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { errorCodes, PermafrostError } from '../../engine/index.ts';
import { asciiTheme, testSession, unicodeTheme } from '../../../test/tui/drawn.ts';
import { problems } from '../../../test/tui/problems.ts';
import { scenes } from '../../../test/tui/scenes.ts';
import { keysOf } from '../components/layout.ts';
import type { FlowState } from '../flow/state.ts';
import { drawable } from '../text.ts';
import type { View } from '../view.ts';
import { languages } from '../words/languages.ts';
import { wordsOf } from '../words/words.ts';
import { problemHint, problemText } from './problem-words.ts';

const WANTED = { columns: 80, rows: 24 };
/** As wide, and high enough for everything at once. */
const TALL = { columns: 80, rows: 400 };

const all = Object.entries(scenes).flatMap(([name, scene]) =>
  languages.flatMap(({ id: language }) =>
    [false, true].map((helpOpen): [string, FlowState] => [
      `${name} (${language}${helpOpen ? ', help' : ''})`,
      { ...scene, language, helpOpen },
    ]),
  ),
);

/** Text as it is read: without where lines end. */
function flowing(lines: readonly string[]): string {
  return lines.join(' ').replaceAll(/\s+/g, ' ');
}

/** Everything that a page says in words of the UI. */
function saidBy(view: View): string[] {
  return [
    view.title,
    view.question ?? '',
    ...view.body.flatMap((block) =>
      block.kind === 'text'
        ? [block.text]
        : block.kind === 'bar'
          ? [block.label]
          : block.kind === 'table'
            ? (block.header ?? [])
            : [],
    ),
    ...view.items.flatMap((item) => [
      item.label,
      item.heading ?? '',
      item.reason ?? '',
      item.kind === 'choice' ? (item.aside ?? '') : '',
      ...(item.detail ?? []).flatMap((block) => (block.kind === 'text' ? [block.text] : [])),
    ]),
  ];
}

for (const theme of [unicodeTheme, asciiTheme])
  test(`every page at 80×24 fits, and says all that it has to say (${theme.unicode ? 'UTF-8' : 'ASCII'})`, () => {
    for (const [name, state] of all) {
      const { session, screen } = testSession(state, theme, WANTED);
      assert.equal(screen().length, 24, name);
      for (const line of screen()) assert.ok(line.length < 80, `${name}: ${line}`);
      if (/very many/.test(name)) continue;
      const { screen: whole } = testSession(state, theme, TALL);
      const drawn = flowing(whole());
      for (const said of saidBy(session.view)) {
        const wanted = flowing([drawable(said, theme.unicode)]).trim();
        assert.ok(drawn.includes(wanted), `${name}: "${wanted}" is not whole in:\n${whole().join('\n')}`);
      }
      // Its name may stand in a text too: before its brackets it must be whole.
      for (const item of session.view.items)
        if (item.kind === 'field')
          assert.ok(
            drawn.includes(`${drawable(item.label, theme.unicode)} [`),
            `${name}: the field ${item.label}`,
          );
      const { focusId } = testSession(state, theme, TALL).session;
      for (const { key, label } of keysOf(session.view, wordsOf(state.language), false, focusId))
        assert.ok(
          drawn.includes(drawable(`${key} ${label}`, theme.unicode)),
          `${name}: the key ${key}, ${label}`,
        );
      assert.equal(session.state.bug, state.bug, name);
    }
  });

test('everything that a page has can be brought into sight by keys', () => {
  for (const [name, state] of all) {
    const { press, screen, session } = testSession(state, unicodeTheme, WANTED);
    const whole = testSession(state, unicodeTheme, TALL);
    const seen = new Set(screen());
    // A key that stops a countdown is no way to read.
    if (state.host.kind === 'countdown' || (state.host.kind === 'ended' && state.host.next !== undefined))
      continue;
    const strip = (line: string): string => line.replace(/^ [› ]/, '').trim();
    const { contentLines } = session.laid();
    for (let i = 0; i < contentLines + 10; i++) {
      press(i < contentLines ? 'down' : 'page-down');
      for (const line of screen()) seen.add(line);
    }
    const stripped = new Set([...seen].map(strip));
    for (const line of whole.screen().slice(2, 2 + whole.session.laid().contentLines))
      assert.ok(stripped.has(strip(line)) || line.includes('['), `${name}: never seen: ${line}`);
    assert.equal(session.state.bug, state.bug, name);
  }
});

test('a terminal that knows only ASCII gets nothing else', () => {
  for (const [name, state] of all)
    for (const line of testSession(state, asciiTheme, WANTED).screen())
      assert.match(line, /^[\x20-\x7e]*$/, name);
});

test('every page works in a small window and in a large one', () => {
  for (const [name, state] of all)
    for (const frame of [
      { columns: 40, rows: 12 },
      { columns: 20, rows: 5 },
      { columns: 132, rows: 43 },
      { columns: 400, rows: 120 },
    ]) {
      const lines = testSession(state, unicodeTheme, frame).screen();
      assert.equal(lines.length, frame.rows, name);
      for (const line of lines) assert.ok(line.length < Math.max(21, frame.columns), `${name}: ${line}`);
    }
});

test('whatever has the focus is in sight, after it was gone to', () => {
  for (const [name, state] of all) {
    if (state.helpOpen) continue;
    const { session, focused } = testSession(state, unicodeTheme, WANTED);
    for (const { id, label } of session.view.items.slice(1)) {
      session.dispatch({ kind: 'focus', id });
      assert.equal(session.laid().focusOutside, undefined, `${name}: ${label}`);
      assert.notEqual(focused(), '', `${name}: ${label}`);
    }
  }
});

test('every refusal says what, and what to do, where its plan is shown', () => {
  for (const { id: language } of languages)
    for (const problem of problems) {
      const { screen, session } = testSession(
        { ...scenes[`plan refused: ${problem.code}`]!, language },
        unicodeTheme,
        WANTED,
      );
      const words = wordsOf(language);
      const seen = flowing(screen());
      assert.ok(seen.includes(problemText(problem, words)), seen);
      assert.ok(seen.includes(problemHint(problem, words)), `${problem.code}: ${seen}`);
      const start = session.view.items.find(({ id }) => id === 'start')!;
      assert.notEqual(start.reason, undefined);
    }
});

test('what to do never speaks of commands that nobody types here', () => {
  for (const { id: language } of languages)
    for (const code of errorCodes) {
      const details = {
        refusals: [],
        problems: [],
        sources: [],
        disks: [],
        candidates: [],
        hint: '',
        why: { text: '' },
      };
      const hint = problemHint(
        new PermafrostError(code, { ...details, repository: '', device: '' }).toJSON(),
        wordsOf(language),
      );
      assert.doesNotMatch(hint, /"permafrost [a-z]|--[a-z]|PERMAFROST_|\.md/, `${code} (${language})`);
    }
});

test('what cannot be chosen says why, and Enter does not choose it', () => {
  for (const [name, state] of all) {
    if (state.helpOpen) continue;
    const { session } = testSession(state, unicodeTheme, WANTED);
    for (const item of session.view.items)
      if (item.reason !== undefined) {
        const length = session.state.trail.length;
        session.dispatch({ kind: 'focus', id: item.id });
        // First it comes into sight.
        while (session.laid().focusOutside !== undefined) session.press({ name: 'enter' });
        session.press({ name: 'enter' });
        const { question, notice } = session.state;
        if (question !== undefined) session.press({ name: 'escape' });
        else assert.equal(notice?.subject, item.reason, `${name}: ${item.label}`);
        assert.ok(
          session.state.trail.length <= length && session.state.waiting === state.waiting,
          `${name}: ${item.label}`,
        );
      } else
        assert.ok(item.kind !== 'choice' || item.enter !== undefined, `${name}: ${item.label} does nothing`);
  }
});
