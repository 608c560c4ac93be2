/** Pieces of the reducers: from step to step, and waiting for an answer. */
import type { Effect } from './effects.ts';
import { jobOf, wrongOption } from './job.ts';
import type { Step, Waiting } from './parts.ts';
import { currentStep, type FlowState } from './state.ts';

export interface Result {
  readonly state: FlowState;
  readonly effects: readonly Effect[];
}

export function done(state: FlowState, ...effects: readonly Effect[]): Result {
  return { state, effects };
}

/** To `step`, which begins with the focus on its first entry, unless it was there before. */
export function go(state: FlowState, step: Step, ...effects: readonly Effect[]): Result {
  return { state: { ...state, trail: [...state.trail, step] }, effects };
}

/** Asks the world for something, and shows that it is waited for. What was waited for before is given up. */
export function wait(
  state: FlowState,
  what: Waiting['what'],
  subject: string,
  effect: (token: number) => Effect,
): Result {
  const token = state.nextToken;
  const old: Effect[] = state.waiting === undefined ? [] : [{ kind: 'stop', token: state.waiting.token }];
  return {
    state: { ...state, waiting: { token, what, subject }, nextToken: token + 1 },
    effects: [...old, effect(token)],
  };
}

/** Plans what is chosen; the page of the plan is shown when it is there. */
export function planAgain(state: FlowState): Result {
  const job = jobOf(state);
  if (job === undefined) return done(state);
  return wait({ ...state, job }, 'plan', '', (token) => ({ kind: 'plan', token, job }));
}

/** The trail up to the last visit of `step`; as it is where that is not on it. */
export function backTo(state: FlowState, step: Step): FlowState {
  const at = state.trail.lastIndexOf(step);
  return at < 0 || currentStep(state) === step ? state : { ...state, trail: state.trail.slice(0, at + 1) };
}

/** What was typed to confirm one plan confirms no other one. */
export function withoutConfirmations(state: FlowState): FlowState {
  const fields = Object.fromEntries(
    Object.entries(state.fields).filter(([name]) => !name.startsWith('confirm')),
  );
  return { ...state, fields };
}

/** To the page before; what the page that is left had chosen is not chosen any more. */
export function back(state: FlowState): Result {
  const step = currentStep(state);
  if (state.trail.length === 1) return done(state);
  const wrong = step === 'options' ? wrongOption(state) : undefined;
  if (wrong !== undefined)
    return done({ ...cannot(state, wrong), focus: { ...state.focus, options: wrong } });
  const trail = state.trail.slice(0, -1);
  // Each visit to the page of targets chose one: the page that is come back to chooses its own again.
  const targetPages = trail.filter((name) => name === 'target').length;
  const targets = state.targets.slice(
    0,
    Math.max(0, trail.at(-1) === 'target' ? targetPages - 1 : targetPages),
  );
  const next = { ...state, trail, targets, ...unchosen(state, trail.at(-1)) };
  if (step === 'options') return planAgain(next);
  return done(next);
}

/** What Enter alone has chosen on a page is not chosen any more when that page is come back to. */
function unchosen({ byEnter }: FlowState, page: Step | undefined): Partial<FlowState> {
  if ((page !== 'sources' && page !== 'copies') || !byEnter.includes(page)) return {};
  return { [page]: [], byEnter: byEnter.filter((list) => list !== page) };
}

/** What was typed as `subject` cannot be used. */
export function cannot(state: FlowState, subject: string): FlowState {
  return { ...state, notice: { id: 'cannot', subject, bad: true } };
}
