/** The flow: what happens next, as a pure function of where a person is and what happened. */
import type { FlowEvent, PersonEvent, WorldEvent } from './events.ts';
import { EVERYTHING, textOf } from './job.ts';
import {
  chooseFolder,
  chooseImage,
  chooseTarget,
  copiesChosen,
  sourcesChosen,
  toggled,
  toggledNumber,
  withPlace,
} from './choose.ts';
import { asItWas, move, openLayout, resize, takeLayout, takeTyped } from './edit-layout.ts';
import { reduceWorld } from './reduce-world.ts';
import { serverText, typedRule } from './rules.ts';
import type { Step } from './parts.ts';
import { currentStep, currentView, diskKey, nothingChosen, type FlowState } from './state.ts';
import { done, go, planAgain, wait, withoutConfirmations, type Result } from './steps.ts';

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
    case 'flag':
      return afterOption({
        ...state,
        flags: { ...state.flags, [event.flag]: state.flags[event.flag] !== true },
      });
    case 'notice':
      return done({ ...state, notice: event.notice });
    case 'begin':
      return go(
        { ...state, ...nothingChosen, flow: event.flow },
        event.flow === 'image' || event.flow === 'clone' ? 'sources' : 'place',
      );
    case 'mark-source':
      return done({
        ...state,
        sources: toggled(state.sources, { key: event.key, path: event.path }),
        byEnter: state.byEnter.filter((list) => list !== 'sources'),
      });
    case 'sources-chosen':
      return sourcesChosen(state, event);
    case 'mark-copy':
      return done({
        ...state,
        copies: toggled(state.copies, { key: event.key, path: event.path }),
        byEnter: state.byEnter.filter((list) => list !== 'copies'),
      });
    case 'copies-chosen':
      return copiesChosen(state, event);
    case 'plug':
      return go({ ...state, plugBaseline: keysOf(state) }, 'plug');
    case 'open-place':
      return openPlace(
        event.sameDisk === true ? { ...state, flags: { ...state.flags, forceSameDisk: true } } : state,
        event,
      );
    case 'take-server': {
      const { kind } = event.server;
      return done({
        ...state,
        fields: { ...state.fields, [kind]: serverText(event.server) },
        // What is missing is typed behind it.
        focus: { ...state.focus, [kind]: kind },
      });
    }
    case 'open-share': {
      const rule = typedRule(state, event.share);
      if (rule === undefined) return done(cannot(state, event.share));
      return openPlace(state, { rule, label: textOf(state, event.share)!, disks: [] });
    }
    case 'choose-folder':
      return chooseFolder({ ...state, repository: { path: event.path, exists: event.exists } });
    case 'choose-image':
      return chooseImage(state, event.image);
    case 'part':
      return done({ ...state, parts: toggledNumber(state.parts, event.disk) });
    case 'parts-chosen':
      if (state.parts.length === 0)
        return done({ ...state, notice: { id: 'nothing-marked', subject: '', bad: true } });
      return go({ ...state, targets: [] }, 'target');
    case 'choose-target':
      return chooseTarget(state, { key: event.key, path: event.path });
    case 'partition':
      return done({ ...state, leftOut: toggledNumber(state.leftOut, event.number) });
    case 'grow':
      return back({ ...state, grow: event.grow, layout: undefined });
    case 'open-layout':
      return openLayout(state);
    case 'resize':
      return resize(state, event.number, event.to);
    case 'move':
      return move(state, event.number, event.steps);
    case 'as-it-was':
      return asItWas(state, event.number);
    case 'type-size':
      return go({ ...state, placing: event.number }, 'part-size');
    case 'take-typed':
      return takeTyped(state, event.number);
    case 'take-layout':
      return takeLayout(state);
    case 'sector-size':
      return back({ ...state, sectorSize: event.bytes });
    case 'choose-partitions': {
      const [target] = state.targets;
      return target === undefined
        ? done(state)
        : go(state, 'partitions', { kind: 'inspect', key: target.key, path: target.path });
    }
    case 'place-partition':
      return go({ ...state, placing: event.number }, 'into');
    case 'into':
      return back(withPlace(state, event.number, event.place));
    case 'bootcheck':
      return planAgain({
        ...state,
        ...nothingChosen,
        flow: 'bootcheck',
        sources: [{ key: event.key, path: event.path }],
      });
    case 'trust':
      return planAgain({ ...state, trust: toggledNumber(state.trust, event.number) });
    case 'replan':
      return planAgain(state);
    case 'go-ahead':
      if (state.plan?.job.kind === 'restore' || state.plan?.job.kind === 'clone')
        return go(withoutConfirmations(state), 'confirm');
      return start(state);
    case 'confirm':
      return start(state);
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
    case 'verify-it':
      return verifyIt(state);
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
  }
}

function back(state: FlowState): Result {
  const step = currentStep(state);
  if (state.trail.length === 1) return done(state);
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

function keysOf(state: FlowState): string[] {
  return (state.disks ?? []).map(diskKey);
}

function openPlace(
  state: FlowState,
  { rule, label, disks }: Pick<Extract<PersonEvent, { kind: 'open-place' }>, 'rule' | 'label' | 'disks'>,
): Result {
  const old = state.place?.place.id;
  const waiting = wait({ ...state, place: undefined, repository: undefined }, 'place', label, (token) => ({
    kind: 'open-place',
    token,
    rule,
    label,
    disks,
  }));
  if (old === undefined) return waiting;
  return { state: waiting.state, effects: [{ kind: 'release-place', placeId: old }, ...waiting.effects] };
}

/** On the page of the plan a changed option shows its effect at once; elsewhere when the plan is come back to. */
function afterOption(state: FlowState): Result {
  return currentStep(state) === 'plan' ? planAgain(state) : done(state);
}

function start(state: FlowState): Result {
  const { plan } = state;
  if (plan === undefined || plan.refusals.length > 0) return done(state);
  return wait(state, 'start', '', (token) => ({ kind: 'start', token, job: plan.job, digest: plan.digest }));
}

function verifyIt(state: FlowState): Result {
  const { host } = state;
  if (host.kind !== 'ended') return done(state);
  const { job } = host.run;
  if (!('repository' in job)) return done(state);
  const image = host.report?.image?.id;
  const next: FlowState = {
    ...state,
    ...nothingChosen,
    flow: 'verify',
    repository: { path: job.repository, exists: true },
    image: image ?? EVERYTHING,
    imageName: host.report?.image?.name,
    trail: ['home'],
    watching: false,
  };
  const planned = planAgain(next);
  return { state: planned.state, effects: [{ kind: 'job', action: 'dismiss' }, ...planned.effects] };
}

function stopWaiting(state: FlowState): Result {
  const { waiting } = state;
  if (waiting === undefined) return done(state);
  return done({ ...state, waiting: undefined }, { kind: 'stop', token: waiting.token });
}

function cannot(state: FlowState, subject: string): FlowState {
  return { ...state, notice: { id: 'cannot', subject, bad: true } };
}
