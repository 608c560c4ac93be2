/** The flow: what happens next, as a pure function of where a person is and what happened. */
import type { FlowEvent, PersonEvent, WorldEvent } from './events.ts';
import { textOf } from './job.ts';
import { reduceChoice } from './reduce-choice.ts';
import { reduceWorld } from './reduce-world.ts';
import { currentView, type FlowState } from './state.ts';
import { back, cannot, done, go, wait, type Result } from './steps.ts';

const worldEvents: ReadonlySet<string> = new Set<WorldEvent['kind']>([
  'disks',
  'inspected',
  'host',
  'place-opened',
  'servers',
  'images',
  'planned',
  'started',
  'failed',
  'problem',
  'logs-saved',
  'tool-done',
  'logs',
  'network',
  'keymaps',
  'bug',
]);

export function reduce(state: FlowState, event: FlowEvent): Result {
  if (worldEvents.has(event.kind)) return reduceWorld(state, event as WorldEvent);
  // A notice is about what happened before; moving the focus does not make it old.
  const fresh = event.kind === 'focus' ? state : { ...state, notice: undefined };
  return reducePerson(fresh, event as PersonEvent);
}

/** Where a person goes, what they are asked and told, and the tools of the machine; the rest is about a job. */
function reducePerson(state: FlowState, event: PersonEvent): Result {
  switch (event.kind) {
    case 'go':
      return ['nfs', 'smb', 'ssh'].includes(event.step)
        ? go({ ...state, servers: undefined }, event.step, { kind: 'find-servers' })
        : go(state, event.step);
    case 'back':
      return back(state);
    case 'home':
      return done({ ...state, trail: ['home'] });
    case 'leave':
      return done(state, { kind: 'leave' });
    case 'help':
      return done({ ...state, helpOpen: event.open });
    case 'focus':
      return done({ ...state, focus: { ...state.focus, [currentView(state)]: event.id } });
    case 'type':
      return done({ ...state, fields: { ...state.fields, [event.field]: event.text } });
    case 'notice':
      return done({ ...state, notice: event.notice });
    case 'ask':
      return done({ ...state, question: event.question, focus: { ...state.focus, question: 'no' } });
    case 'answer': {
      const { question } = state;
      const next = { ...state, question: undefined };
      return event.yes && question !== undefined ? reduce(next, question.yes) : done(next);
    }
    case 'dismiss-problem':
      return done({ ...state, problem: undefined });
    case 'dismiss-bug':
      return done({
        ...state,
        bug: undefined,
        trail: ['home'],
        waiting: undefined,
        problem: undefined,
        question: undefined,
        helpOpen: false,
      });
    case 'stop-waiting':
      return stopWaiting(state);
    case 'job':
      return done(state, { kind: 'job', action: event.action });
    case 'watch':
      return done({ ...state, watching: event.on, trail: ['home'] });
    case 'look-at':
      return go({ ...state, lookedAt: event.key }, 'disk', {
        kind: 'inspect',
        key: event.key,
        path: event.path,
      });
    case 'language':
      return done({ ...state, language: event.language });
    case 'shell':
      return done(state, { kind: 'shell' });
    case 'show-logs':
      return go(state, 'logs', { kind: 'read-logs' });
    case 'show-network':
      return go(state, 'network', { kind: 'read-network' });
    case 'network-up':
      return wait(state, 'network', '', (token) => ({ kind: 'network-up', token }));
    case 'show-keyboard':
      return go(state, 'keyboard', { kind: 'read-keymaps' });
    case 'keymap':
      return wait(state, 'tool', event.name, (token) => ({ kind: 'keymap', token, name: event.name }));
    case 'set-clock': {
      const time = textOf(state, 'clock') ?? '';
      if (!/^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$/.test(time)) return done(cannot(state, 'clock'));
      return wait(state, 'tool', time, (token) => ({ kind: 'set-clock', token, time }));
    }
    case 'save-logs':
      return wait(state, 'logs', event.label, (token) => ({
        kind: 'save-logs',
        token,
        rule: event.rule,
        label: event.label,
      }));
    case 'machine':
      return done(state, { kind: 'machine', action: event.action });
    default:
      return reduceChoice(state, event);
  }
}

function stopWaiting(state: FlowState): Result {
  const { waiting } = state;
  if (waiting === undefined) return done(state);
  return done({ ...state, waiting: undefined }, { kind: 'stop', token: waiting.token });
}
