/**
 * The same pages line by line: for screen readers, and terminals that can do nothing but print. Nothing that was
 * printed is printed over; of a page that changes only what is new is said.
 */
import type { HostState } from '../../runner/job-host.ts';
import type { Effect } from '../flow/effects.ts';
import type { FlowEvent } from '../flow/events.ts';
import { reduce } from '../flow/reduce.ts';
import type { Notice } from '../flow/parts.ts';
import { currentView, initialState, isAboutToAct, type FlowState, type StartOptions } from '../flow/state.ts';
import { noticeText } from '../screens/overlays.ts';
import { viewOf } from '../screens/view-of.ts';
import { describeBug } from '../session.ts';
import { drawable, wrapLine } from '../text.ts';
import type { FieldItem, Item, View } from '../view.ts';
import { nextLanguage } from '../words/languages.ts';
import { wordsOf, type Words } from '../words/words.ts';
import { commandOf, Numbers, pageLines, type PageLine } from './page.ts';
import { progressLine } from './progress-line.ts';

/** Progress is said so often. */
const PROGRESS_MS = 10_000;
/** What says less of its width, or nothing, is not believed. */
const LEAST_COLUMNS = 20;

export interface PlainOptions extends StartOptions {
  readonly unicode: boolean;
  /** Prints one line. */
  readonly print: (line: string) => void;
  /** How wide the terminal is now; undefined where lines can be of any length. */
  readonly columns?: () => number | undefined;
  /** What is typed next is not to be seen, or may be seen again. */
  readonly hideInput: (hidden: boolean) => void;
  readonly runEffect: (effect: Effect, session: PlainSession) => void;
  readonly now?: () => number;
  /** Where it begins, if not at the start. */
  readonly state?: FlowState;
}

export class PlainSession {
  readonly #options: PlainOptions;
  #state: FlowState;
  #numbers = new Numbers();
  #page = '';
  #printed: readonly PageLine[] = [];
  #notice: Notice | undefined;
  #asked: FieldItem | undefined;
  #progress = { phase: '', atMs: -Infinity, gaps: 0 };

  constructor(options: PlainOptions) {
    this.#options = options;
    this.#state = options.state ?? initialState(options);
  }

  get state(): FlowState {
    return this.#state;
  }

  /** Says the first page. */
  start(): void {
    this.#print(this.#words.plain.intro);
    this.#say();
  }

  dispatch(event: FlowEvent): void {
    const effects = this.#reduce(event);
    this.#say();
    for (const effect of effects) this.#options.runEffect(effect, this);
  }

  /** One line that a person typed. */
  enter(line: string): void {
    const typed = line.trim();
    const asked = this.#asked;
    if (asked !== undefined) {
      this.#asked = undefined;
      if (asked.secret === true) this.#options.hideInput(false);
      this.#answerField(asked, asked.secret === true ? line : typed);
      return;
    }
    const { host, watching } = this.#state;
    if (isAboutToAct(host) && watching && !this.#state.helpOpen && typed !== 'h') {
      this.dispatch({ kind: 'job', action: 'cancel' });
      return;
    }
    this.#command(typed);
  }

  #command(typed: string): void {
    const view = this.#view();
    const { plain: w } = this.#words;
    const [, mark, digits] = /^(m ?)?(\d{1,6})$/i.exec(typed) ?? [];
    if (digits !== undefined) {
      const item = this.#numbers.find(Number(digits), view);
      if (item === undefined) this.#print(w.noSuchNumber(digits));
      else if (mark === undefined) this.#choose(item);
      else if (item.kind === 'choice' && item.space !== undefined) this.dispatch(item.space);
      else this.#print(item.reason === undefined ? w.noSuchCommand(typed) : w.notPossible(item.reason));
      return;
    }
    const shortcut = view.keys.find(
      ({ key, ofFocus }) => ofFocus !== true && commandOf(key) === typed.toLowerCase(),
    );
    if (shortcut !== undefined) this.dispatch(shortcut.event);
    else if (typed === '' && view.enter !== undefined) this.dispatch(view.enter.event);
    else if (typed === '') this.#repeat();
    else if (/^b$/i.test(typed) && view.back !== undefined) this.dispatch(view.back.event);
    else if (/^l$/i.test(typed))
      this.dispatch({ kind: 'language', language: nextLanguage(this.#state.language).id });
    else if (/^[h?]$/i.test(typed)) this.dispatch({ kind: 'help', open: !this.#state.helpOpen });
    else this.#print(w.noSuchCommand(typed));
  }

  #choose(item: Item): void {
    const { plain: w } = this.#words;
    if (item.kind === 'field') {
      this.#asked = item;
      this.#print(w.typeNow(item.label));
      if (item.secret === true) this.#options.hideInput(true);
    } else if (item.kind === 'check') {
      if (item.reason === undefined) this.dispatch(item.toggle);
      else this.#print(w.notPossible(item.reason));
    } else if (item.enter !== undefined) this.dispatch(item.enter);
    else this.#print(w.notPossible(item.reason ?? ''));
  }

  /** The text goes into its field; the only field of a page is what the page asks for. */
  #answerField({ id, field }: FieldItem, text: string): void {
    this.dispatch({ kind: 'type', field, text });
    const fields = this.#view().items.filter((item): item is FieldItem => item.kind === 'field');
    const [only] = fields;
    if (fields.length === 1 && only?.id === id && only.enter !== undefined) this.dispatch(only.enter);
  }

  #reduce(event: FlowEvent): readonly Effect[] {
    try {
      const { state, effects } = reduce(this.#state, event);
      this.#state = state;
      return effects;
    } catch (error) {
      this.#state = reduce(this.#state, { kind: 'bug', text: describeBug(error) }).state;
      return [];
    }
  }

  get #words(): Words {
    return wordsOf(this.#state.language);
  }

  #view(): View {
    try {
      return viewOf(this.#state);
    } catch (error) {
      this.#state = reduce(this.#state, { kind: 'bug', text: describeBug(error) }).state;
      return viewOf(this.#state);
    }
  }

  #repeat(): void {
    this.#print('');
    for (const { text } of pageLines(this.#view(), this.#numbers, this.#words)) this.#print(text);
  }

  #say(): void {
    const { notice, host } = this.#state;
    const view = this.#view();
    const page = this.#pageKey();
    const isNew = page !== this.#page;
    if (isNew) this.#numbers = new Numbers();
    const isProgress =
      currentView(this.#state) === 'job' && (host.kind === 'running' || host.kind === 'countdown');
    const lines = isProgress && !isNew ? this.#printed : pageLines(view, this.#numbers, this.#words);
    if (isNew) {
      this.#page = page;
      this.#print('');
      for (const { text } of lines) this.#print(text);
    } else this.#sayChanges(lines, view);
    this.#printed = lines;
    if (notice !== undefined && notice !== this.#notice) this.#print(noticeText(notice, this.#words));
    this.#notice = notice;
    if (isProgress && !isNew) this.#sayProgress(host);
  }

  #sayChanges(lines: readonly PageLine[], view: View): void {
    const before = new Set(this.#printed.map(({ text }) => text));
    const now = new Set(lines.map(({ text }) => text));
    const isThere = (line: PageLine): boolean =>
      view.items.some((item) => line.text.startsWith(`${this.#numbers.of(item)}. `));
    for (const line of this.#printed)
      if (line.item && !now.has(line.text) && !isThere(line)) this.#print(this.#words.plain.gone(line.text));
    for (const { text } of lines) if (!before.has(text)) this.#print(text);
  }

  #sayProgress(host: HostState): void {
    const now = (this.#options.now ?? (() => performance.now()))();
    const phase =
      host.kind === 'running'
        ? `${host.progress?.phase ?? ''} ${host.paused} ${host.cancelling} ${host.waiting ?? ''}`
        : host.kind;
    const gaps = host.kind === 'running' ? host.gapCount : 0;
    const { atMs, phase: last, gaps: lastGaps } = this.#progress;
    if (phase === last && gaps === lastGaps && now - atMs < PROGRESS_MS) return;
    this.#progress = { phase, gaps, atMs: now };
    for (const line of progressLine(host, lastGaps, this.#words)) this.#print(line);
  }

  /** Which page it is: the same one as long as this is the same. */
  #pageKey(): string {
    const { trail, question, waiting, helpOpen, language, host, bug, problem } = this.#state;
    const run = host.kind === 'running' || host.kind === 'ended' ? host.run.id : '';
    return [
      currentView(this.#state),
      trail.join('/'),
      question?.id,
      waiting?.token,
      helpOpen,
      language,
      currentView(this.#state) === 'job'
        ? `${host.kind} ${run} ${host.kind === 'idle' && host.problem !== undefined}`
        : '',
      bug === undefined,
      problem?.code,
    ].join('|');
  }

  #print(line: string): void {
    const { unicode, print, columns } = this.#options;
    const text = drawable(line, unicode).trimEnd();
    // The last column is left free: what fills it can leave an empty line behind.
    const width = Math.max(LEAST_COLUMNS, columns?.() ?? Infinity) - 1;
    for (const part of wrapLine(text, width)) print(part);
  }
}
