/**
 * One console: its flow state, what its keys do there, and the lines that it shows. It knows neither Ink nor the
 * world: effects go to whoever runs them, and come back as events.
 */
import { layoutView, type Frame, type Laid } from './components/layout.ts';
import { editField } from './edit-field.ts';
import type { Effect } from './flow/effects.ts';
import type { FlowEvent } from './flow/events.ts';
import { reduce } from './flow/reduce.ts';
import { currentView, initialState, isAboutToAct, type FlowState, type StartOptions } from './flow/state.ts';
import { Focus } from './focus.ts';
import type { Key } from './keys.ts';
import { noticeText } from './screens/overlays.ts';
import { viewOf } from './screens/view-of.ts';
import type { Theme } from './theme.ts';
import type { FieldItem, Item, View } from './view.ts';
import { nextLanguage } from './words/languages.ts';
import { wordsOf } from './words/words.ts';

export interface SessionOptions extends StartOptions {
  readonly theme: Theme;
  readonly frame: Frame;
  readonly runEffect: (effect: Effect, session: Session) => void;
  /** Where it begins, if not at the start. */
  readonly state?: FlowState;
}

export class Session {
  readonly theme: Theme;
  readonly #runEffect: SessionOptions['runEffect'];
  readonly #listeners = new Set<() => void>();
  #state: FlowState;
  #frame: Frame;
  #cursor: number | undefined;
  readonly #focus = new Focus();
  /** First line shown of a text; undefined where the window follows the focus. */
  #scroll: number | undefined;
  #laid: Laid | undefined;
  #view: View | undefined;

  constructor(options: SessionOptions) {
    this.theme = options.theme;
    this.#frame = options.frame;
    this.#runEffect = options.runEffect;
    this.#state = options.state ?? initialState(options);
    if (this.#isFromTop()) this.#scroll = 0;
  }

  get state(): FlowState {
    return this.#state;
  }

  /** Id of what has the focus. */
  get focusId(): string | undefined {
    return this.#focusId();
  }

  get frame(): Frame {
    return this.#frame;
  }

  /** Calls `listener` after every change; the result ends that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The lines shown now: the same object until something changes. */
  readonly laid = (): Laid => {
    this.#laid ??= this.#layout();
    return this.#laid;
  };

  get view(): View {
    this.#view ??= viewOf(this.#state);
    return this.#view;
  }

  resize(frame: Frame): void {
    if (frame.columns === this.#frame.columns && frame.rows === this.#frame.rows) return;
    this.#frame = frame;
    this.#changed();
  }

  /** What happened; a bug in what it leads to is shown, and ends nothing. */
  dispatch(event: FlowEvent): void {
    const before = this.#state;
    const viewBefore = currentView(before);
    const focusBefore = this.#focusId();
    let effects: readonly Effect[] = [];
    try {
      const result = reduce(this.#state, event);
      this.#state = result.state;
      effects = result.effects;
    } catch (error) {
      this.#state = reduce(this.#state, { kind: 'bug', text: describeBug(error) }).state;
    }
    this.#view = undefined;
    this.#focus.keep(before, this.#state, focusBefore);
    const isOther = currentView(this.#state) !== viewBefore;
    if (isOther || event.kind === 'planned') this.#scroll = this.#isFromTop() ? 0 : undefined;
    else if (event.kind === 'focus') this.#scroll = undefined;
    if (isOther || this.#focusId() !== focusBefore) this.#cursor = undefined;
    this.#changed();
    for (const effect of effects) this.#runEffect(effect, this);
  }

  press(key: Key): void {
    const { view } = this;
    const { host, watching } = this.#state;
    if (isAboutToAct(host) && watching && !this.#state.helpOpen && key.name !== 'f1') {
      this.dispatch({ kind: 'job', action: 'cancel' });
      return;
    }
    const focused = this.#focused();
    if (focused?.kind === 'field' && this.#edit(focused, key)) return;
    switch (key.name) {
      case 'up':
      case 'back-tab':
        this.#move(-1);
        return;
      case 'down':
      case 'tab':
        this.#move(1);
        return;
      case 'left':
      case 'right':
        if (focused?.kind === 'choice' && focused.sideways !== undefined)
          this.dispatch(focused.sideways[key.name]);
        return;
      case 'page-up':
        this.#scrollBy(-this.#page());
        return;
      case 'page-down':
        this.#scrollBy(this.#page());
        return;
      case 'home':
        this.#toEnd(0);
        return;
      case 'end':
        this.#toEnd(-1);
        return;
      case 'enter':
        this.#enter(focused);
        return;
      case 'escape':
        if (view.back !== undefined) this.dispatch(view.back.event);
        return;
      case 'f1':
        this.dispatch({ kind: 'help', open: !this.#state.helpOpen });
        return;
      case 'f2':
        this.dispatch({ kind: 'language', language: nextLanguage(this.#state.language).id });
        return;
      case 'text':
        this.#text(key.text, focused);
        return;
      default:
        return;
    }
  }

  #layout(): Laid {
    try {
      return this.#layoutView(this.view);
    } catch (error) {
      this.#state = reduce(this.#state, { kind: 'bug', text: describeBug(error) }).state;
      this.#view = undefined;
      return this.#layoutView(this.view);
    }
  }

  #layoutView(view: View): Laid {
    const words = wordsOf(this.#state.language);
    const focused = this.#focused();
    const { notice } = this.#state;
    const laid = layoutView(
      view,
      {
        focus: focused?.id,
        cursor: focused?.kind === 'field' ? this.#cursorIn(focused) : 0,
        ...(this.#scroll === undefined ? {} : { scroll: this.#scroll }),
        ...(notice === undefined ? {} : { notice: { text: noticeText(notice, words), bad: notice.bad } }),
      },
      this.#frame,
      this.theme,
      words,
    );
    if (this.#scroll !== undefined) this.#scroll = Math.min(this.#scroll, laid.maxScroll);
    return laid;
  }

  #changed(): void {
    this.#laid = undefined;
    for (const listener of this.#listeners) listener();
  }

  #focused(): Item | undefined {
    return this.#focus.of(this.#state, this.view);
  }

  #focusId(): string | undefined {
    try {
      return this.#focused()?.id;
    } catch {
      // The page cannot be drawn; that is shown when it is tried.
      return undefined;
    }
  }

  #isFromTop(): boolean {
    try {
      return this.view.fromTop === true;
    } catch {
      return false;
    }
  }

  #page(): number {
    return Math.max(1, this.#frame.rows - 8);
  }

  /** Up and down: to the next item, from the last to the first; through text that is longer than the window first. */
  #move(step: 1 | -1): void {
    const { items } = this.view;
    const { focusOutside } = this.laid();
    if (items.length === 0 || focusOutside === (step > 0 ? 'below' : 'above')) {
      this.#scrollBy(step);
      return;
    }
    const at = items.findIndex(({ id }) => id === this.#focused()?.id);
    const next = at < 0 && step < 0 ? items.length - 1 : (at + step + items.length) % items.length;
    this.dispatch({ kind: 'focus', id: items[next]!.id });
  }

  /** To the first item or the last one, or end of a text. */
  #toEnd(index: 0 | -1): void {
    const item = this.view.items.at(index);
    if (item === undefined) this.#scrollBy(index === 0 ? -Infinity : Infinity);
    else this.dispatch({ kind: 'focus', id: item.id });
  }

  /** The window by so many lines; what has the focus keeps it. */
  #scrollBy(lines: number): void {
    const { first, maxScroll } = this.laid();
    this.#scroll = Math.max(0, Math.min(maxScroll, first + lines));
    this.#changed();
  }

  #enter(focused: Item | undefined): void {
    const { view } = this;
    const { focusOutside } = this.laid();
    if (focused === undefined) {
      if (view.enter !== undefined) this.dispatch(view.enter.event);
      else if (view.items.length > 0)
        this.dispatch({ kind: 'notice', notice: { id: 'nothing-marked', subject: '', bad: true } });
      return;
    }
    // Nothing is chosen that is not in sight.
    if (focusOutside !== undefined) {
      this.#scrollBy(focusOutside === 'below' ? this.#page() : -this.#page());
      return;
    }
    if (focused.kind === 'check') {
      if (focused.reason === undefined) this.dispatch(focused.toggle);
      else this.#sayWhyNot(focused.reason);
    } else if (focused.enter !== undefined) this.dispatch(focused.enter);
    else if (focused.kind === 'field') this.#move(1);
    else if (focused.reason !== undefined) this.#sayWhyNot(focused.reason);
  }

  /** A key is never without an answer. */
  #sayWhyNot(reason: string): void {
    this.dispatch({ kind: 'notice', notice: { id: 'grey', subject: reason, bad: true } });
  }

  #text(text: string, focused: Item | undefined): void {
    if (text === ' ' && focused?.reason === undefined) {
      if (focused?.kind === 'check') {
        this.dispatch(focused.toggle);
        return;
      }
      if (focused?.kind === 'choice' && focused.space !== undefined) {
        this.dispatch(focused.space);
        return;
      }
    }
    if (!this.#shortcut(text.toUpperCase()) && text === '?') this.dispatch({ kind: 'help', open: true });
  }

  #shortcut(name: string): boolean {
    const found = this.view.keys.find(({ key }) => key.toUpperCase() === name);
    if (found !== undefined) this.dispatch(found.event);
    return found !== undefined;
  }

  #cursorIn({ value }: FieldItem): number {
    const { length } = Array.from(value);
    return Math.min(length, this.#cursor ?? length);
  }

  /** A key in a field; false if it is none that edits. */
  #edit(item: FieldItem, key: Key): boolean {
    const edited = editField(item.value, this.#cursorIn(item), key);
    if (edited === undefined) return false;
    const { value, cursor } = edited;
    if (value !== item.value) this.dispatch({ kind: 'type', field: item.field, text: value });
    this.#cursor = cursor;
    this.#changed();
    return true;
  }
}

export function describeBug(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
