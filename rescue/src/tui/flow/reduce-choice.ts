/** What a person chooses for a job: from which disks and which images, to where and how, until it is confirmed. */
import type { PersonEvent } from './events.ts';
import { EVERYTHING, textOf, workersOf } from './job.ts';
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
import { serverText, typedRule } from './rules.ts';
import { currentStep, diskKey, nothingChosen, type FlowState } from './state.ts';
import { back, cannot, done, go, planAgain, wait, withoutConfirmations, type Result } from './steps.ts';

type ChoiceEvent = Extract<
  PersonEvent,
  {
    kind:
      | 'flag'
      | 'begin'
      | 'mark-source'
      | 'sources-chosen'
      | 'mark-copy'
      | 'copies-chosen'
      | 'plug'
      | 'open-place'
      | 'take-server'
      | 'open-share'
      | 'choose-folder'
      | 'choose-image'
      | 'part'
      | 'parts-chosen'
      | 'choose-target'
      | 'partition'
      | 'grow'
      | 'open-layout'
      | 'resize'
      | 'move'
      | 'as-it-was'
      | 'type-size'
      | 'take-typed'
      | 'take-layout'
      | 'sector-size'
      | 'choose-partitions'
      | 'place-partition'
      | 'into'
      | 'bootcheck'
      | 'trust'
      | 'replan'
      | 'go-ahead'
      | 'confirm'
      | 'verify-it';
  }
>;

export function reduceChoice(state: FlowState, event: ChoiceEvent): Result {
  switch (event.kind) {
    case 'flag':
      return afterOption({
        ...state,
        flags: { ...state.flags, [event.flag]: state.flags[event.flag] !== true },
      });
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
    case 'verify-it':
      return verifyIt(state);
  }
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
  const workers = workersOf(state);
  return wait(state, 'start', '', (token) => ({
    kind: 'start',
    token,
    job: plan.job,
    digest: plan.digest,
    ...(workers === undefined ? {} : { workers }),
  }));
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
