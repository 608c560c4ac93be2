/** What lies over a page: a question, a problem, waiting, help, a bug. */
import type { ErrorReport } from '../../engine/index.ts';
import type { Notice, Question, Waiting } from '../flow/parts.ts';
import { currentStep, type FlowState } from '../flow/state.ts';
import type { View } from '../view.ts';
import { text } from '../view.ts';
import { nextLanguage, type Language } from '../words/languages.ts';
import type { Words } from '../words/words.ts';
import { problemHint, problemText, remarkText } from './problem-words.ts';

export function questionView(question: Question, state: FlowState, words: Words): View {
  const w = words.questions[question.id];
  return {
    step: currentStep(state),
    title: w.title,
    body: [text(w.text, 'strong')],
    items: [
      { kind: 'choice', id: 'no', label: w.no, enter: { kind: 'answer', yes: false } },
      { kind: 'choice', id: 'yes', label: w.yes, tone: 'danger', enter: { kind: 'answer', yes: true } },
    ],
    keys: [],
    back: { label: words.keys.back, event: { kind: 'answer', yes: false } },
    help: [w.text],
    danger: true,
  };
}

export function problemView(problem: ErrorReport, state: FlowState, words: Words): View {
  const dismiss = { kind: 'dismiss-problem' } as const;
  return {
    step: currentStep(state),
    title: words.problem.title,
    body: [text(problemText(problem, words), 'danger'), text(''), text(problemHint(problem, words))],
    items: [],
    keys: [],
    scrolls: true,
    enter: { label: words.common.ok, event: dismiss },
    back: { label: words.keys.back, event: dismiss },
    help: words.problem.help,
  };
}

export function waitingView(waiting: Waiting, state: FlowState, words: Words): View {
  return {
    step: currentStep(state),
    title: words.waiting.title,
    body: [text(words.waiting[waiting.what](waiting.subject), 'strong')],
    items: [],
    keys: [],
    back: { label: words.keys.cancel, event: { kind: 'stop-waiting' } },
    help: words.waiting.help,
  };
}

/** In it F2 changes the language as everywhere, and says so. */
export function helpView(below: View, words: Words, language: Language): View {
  const other = nextLanguage(language);
  const close = { kind: 'help', open: false } as const;
  return {
    step: below.step,
    title: words.help.title,
    question: below.title,
    body: [
      ...below.help.flatMap((paragraph) => [text(paragraph), text('')]),
      ...(below.keysHelp === undefined ? [] : [{ ...text(below.keysHelp), ofKeys: true } as const]),
    ],
    items: [],
    keys: [{ key: 'F2', label: other.name, event: { kind: 'language', language: other.id } }],
    scrolls: true,
    enter: { label: words.keys.close, event: close },
    back: { label: words.keys.close, event: close },
    help: below.help,
  };
}

export function bugView(bug: string, state: FlowState, words: Words): View {
  const dismiss = { kind: 'dismiss-bug' } as const;
  return {
    step: currentStep(state),
    title: words.bug.title,
    body: [text(words.bug.text, 'danger'), text(''), ...bug.split('\n').map((line) => text(line))],
    items: [],
    keys: [],
    scrolls: true,
    enter: { label: words.keys.home, event: dismiss },
    back: { label: words.keys.home, event: dismiss },
    help: words.bug.help,
  };
}

export function noticeText({ id, subject, why, folder = '' }: Notice, words: Words): string {
  if (id === 'cannot') return words.cannot[subject as keyof Words['cannot']];
  if (id === 'logs-saved') return words.notices[id](subject, folder);
  if (id === 'limit') return words.notices.limit(subject, why === undefined ? '' : remarkText(why, words));
  return words.notices[id](subject);
}
