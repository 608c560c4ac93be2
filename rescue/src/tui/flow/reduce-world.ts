/** What comes back from the world: disks that come and go, answers, the state of the host. */
import type { ErrorReport, ListedDisk, Plan } from '../../engine/index.ts';
import type { EndedState, HostState, IdleState } from '../../runner/job-host.ts';
import type { WorldEvent } from './events.ts';
import { layoutPlanned } from './edit-layout.ts';
import type { Notice, OpenedPlace, Step } from './parts.ts';
import { currentStep, diskKey, hasJobPage, type FlowState } from './state.ts';
import { backTo, done, go, planAgain, wait, withoutConfirmations, type Result } from './steps.ts';

export function reduceWorld(state: FlowState, event: WorldEvent): Result {
  switch (event.kind) {
    case 'disks':
      return disksChanged(state, event.disks);
    case 'inspected':
      return done({ ...state, inspected: { ...state.inspected, [event.key]: event.result } });
    case 'host':
      return hostChanged(state, event.state);
    case 'servers':
      return done({ ...state, servers: event.servers });
    case 'problem':
      return done({ ...state, problem: event.error });
    case 'logs':
      return done({ ...state, tools: { ...state.tools, logs: event.text } });
    case 'network':
      return done({ ...state, tools: { ...state.tools, network: event.cards } });
    case 'keymaps':
      return done({ ...state, tools: { ...state.tools, keymaps: event.keymaps } });
    case 'bug':
      return done({ ...state, bug: event.text, waiting: undefined });
    case 'place-opened':
      // The answer came after it was given up: what was mounted for it is let go.
      if (state.waiting?.token !== event.token)
        return done(state, { kind: 'release-place', placeId: event.opened.place.id });
      return placeOpened({ ...state, waiting: undefined }, event.opened);
    default:
      if (state.waiting?.token !== event.token) return done(state);
      return answered({ ...state, waiting: undefined }, state, event);
  }
}

type Answer = Extract<
  WorldEvent,
  { kind: 'images' | 'planned' | 'started' | 'failed' | 'logs-saved' | 'tool-done' }
>;

function answered(state: FlowState, before: FlowState, event: Answer): Result {
  switch (event.kind) {
    case 'images':
      return go({ ...state, images: event.images }, 'images');
    case 'planned':
      return before.waiting?.what === 'layout'
        ? layoutPlanned(state, event.plan)
        : planned(state, event.plan);
    case 'started': {
      const { job, trail } = state;
      const started = job === undefined ? undefined : { job, trail };
      return done({ ...state, trail: ['home'], watching: true, plan: undefined, started });
    }
    case 'failed':
      return failed(state, before, event.error);
    case 'logs-saved': {
      const { subject, folder } = event;
      return done({ ...state, notice: { id: 'logs-saved', subject, bad: false, folder } });
    }
    case 'tool-done':
      return toolDone(state, before, event.subject);
  }
}

function placeOpened(state: FlowState, opened: OpenedPlace): Result {
  const next = { ...state, place: opened };
  const [only, ...more] = opened.repositories;
  // Nothing to choose from: straight to what is in it.
  if (state.flow !== 'image' && only !== undefined && more.length === 0)
    return wait({ ...next, repository: { path: only.path, exists: true } }, 'images', only.path, (token) => ({
      kind: 'list-images',
      token,
      path: only.path,
    }));
  return go(next, 'folder');
}

function planned(state: FlowState, plan: Plan): Result {
  const next = { ...state, plan };
  return currentStep(state) === 'plan' ? done(next) : go(next, 'plan');
}

function failed(state: FlowState, before: FlowState, error: ErrorReport): Result {
  if (error.code === 'job/cancelled') return done(state);
  if (before.waiting?.what === 'start' && error.code === 'plan/changed')
    return planChanged(backTo(state, 'plan'));
  return done({ ...state, problem: error });
}

/** What would be done is no longer what was confirmed: the new plan is shown before anything else. */
function planChanged(state: FlowState): Result {
  const again = planAgain(withoutConfirmations(state));
  return { ...again, state: { ...again.state, notice: notice('plan-changed', '', true) } };
}

function toolDone(state: FlowState, before: FlowState, subject: string): Result {
  const next = { ...state, notice: notice('done', subject, false) };
  return before.waiting?.what === 'network' ? done(next, { kind: 'read-network' }) : done(next);
}

function disksChanged(state: FlowState, disks: readonly ListedDisk[]): Result {
  const keys = disks.map(diskKey);
  const known = new Set((state.disks ?? disks).map(diskKey));
  const appeared = keys.filter((key) => !known.has(key));
  const fresh = [...state.fresh, ...appeared].filter((key) => keys.includes(key));
  const next = withoutGone({ ...state, disks, fresh }, new Set(keys), goneFrom(state.disks ?? [], disks));
  if (currentStep(next) !== 'plug') return done(next);
  const found = disks.find((disk) => !state.plugBaseline.includes(diskKey(disk)));
  if (found === undefined) return done(next);
  const trail = next.trail.slice(0, -1);
  const { disk } = found;
  const subject = [disk.model, disk.path].filter((part) => part !== undefined).join(', ');
  const onto = trail.at(-1)!;
  return done({
    ...next,
    trail,
    focus: { ...next.focus, [onto]: focusOnDisk(onto, found) },
    notice: notice('disk-found', subject, false),
  });
}

/** The entry that stands for a disk, on the page `step`. */
function focusOnDisk(step: Step, found: ListedDisk): string {
  const key = diskKey(found);
  return step === 'place' || step === 'save-logs' ? `${key}/${found.regions[0]?.name ?? ''}` : key;
}

/** Without what was chosen of disks that are gone; back to where that was chosen. */
function withoutGone(state: FlowState, keys: ReadonlySet<string>, gone: ReadonlySet<string>): FlowState {
  const isThere = ({ key }: { key: string }): boolean => keys.has(key) || !key.includes('#');
  const sources = state.sources.filter(isThere);
  if (sources.length < state.sources.length) {
    const gone = state.sources.find((source) => !isThere(source))!;
    return backWithout({ ...state, sources }, 'sources', gone.path);
  }
  const copies = state.copies.filter(isThere);
  const lost = state.copies.find((copy) => !isThere(copy));
  if (lost !== undefined) return backWithout({ ...state, copies }, 'copies', lost.path);
  const missing = state.targets.find((target) => !isThere(target));
  if (missing !== undefined)
    return backWithout(
      { ...state, targets: [], trail: onceIn(state.trail, 'target') },
      'target',
      missing.path,
    );
  const placeDisk = state.place?.disks.find((path) => gone.has(path));
  if (placeDisk !== undefined)
    return backWithout({ ...state, place: undefined, repository: undefined }, 'place', placeDisk);
  return state;
}

/** Paths of disks that were there, and are no longer. */
function goneFrom(before: readonly ListedDisk[], now: readonly ListedDisk[]): Set<string> {
  const there = new Set(now.map(({ disk }) => disk.path));
  return new Set(before.map(({ disk }) => disk.path).filter((path) => !there.has(path)));
}

function onceIn(trail: readonly Step[], step: Step): Step[] {
  const first = trail.indexOf(step);
  return trail.filter((name, i) => name !== step || i === first);
}

function backWithout(state: FlowState, step: Step, path: string): FlowState {
  return { ...backTo(state, step), notice: notice('disk-gone', path, true) };
}

function notice(id: Notice['id'], subject: string, bad: boolean): Notice {
  return { id, subject, bad };
}

function hostChanged(state: FlowState, host: HostState): Result {
  const before = state.host;
  const next: FlowState = { ...state, host, regionDone: regionsDone(state, host) };
  const { started } = state;
  // The run plans again before it does anything, and this console confirmed another plan: nothing was done.
  if (
    host.kind === 'ended' &&
    started !== undefined &&
    endedBy(host) === 'plan/changed' &&
    isSameJob(host, started)
  ) {
    const trail = backTo({ ...next, trail: started.trail }, 'plan').trail;
    const again = planChanged({ ...next, trail, job: started.job, started: undefined, watching: false });
    return { ...again, effects: [{ kind: 'job', action: 'dismiss' }, ...again.effects] };
  }
  const isNew = runId(host) !== undefined && runId(host) !== runId(before);
  const comes = host.kind === 'idle' && hasJobPage(host) && !isSameWait(host, before);
  if (isNew || comes || (host.kind === 'countdown' && before.kind !== 'countdown') || host.kind === 'lost')
    return done({ ...next, watching: before.kind === host.kind && !isNew && !comes ? state.watching : true });
  if (before.kind === 'lost') return done({ ...next, notice: notice('connection-back', '', false) });
  return done(next);
}

/** Whether it waited before too, or had failed before it began: nothing has come that a person does not know. */
function isSameWait(host: IdleState, before: HostState): boolean {
  if (before.kind !== 'idle') return false;
  return host.problem === undefined ? before.waiting !== undefined : before.problem !== undefined;
}

function endedBy({ report, error }: EndedState): string | undefined {
  return (report?.error ?? error)?.code;
}

function isSameJob({ run }: EndedState, started: NonNullable<FlowState['started']>): boolean {
  return JSON.stringify(run.job) === JSON.stringify(started.job);
}

function runId(host: HostState): string | undefined {
  return host.kind === 'running' || host.kind === 'ended' ? host.run.id : undefined;
}

/** Sums of what was done, region by region: a snapshot knows only the one that is worked on. */
function regionsDone(state: FlowState, host: HostState): Readonly<Record<string, number>> {
  if (host.kind !== 'running') return host.kind === 'ended' ? state.regionDone : {};
  const before = state.host.kind === 'running' ? state.host.progress : undefined;
  const now = host.progress;
  const sameWork = before?.phase === now?.phase && runId(state.host) === runId(host);
  const done = sameWork ? state.regionDone : {};
  const region = now?.region;
  if (region === undefined) return done;
  const key = regionKey(region.disk, region.name);
  const last = before?.region;
  const left = sameWork && last !== undefined && regionKey(last.disk, last.name) !== key;
  return {
    ...done,
    // What is left behind is done, whatever the last snapshot of it said.
    ...(left ? { [regionKey(last.disk, last.name)]: Number.MAX_SAFE_INTEGER } : {}),
    [key]: region.doneBytes,
  };
}

export function regionKey(disk: number, name: string): string {
  return `${disk}/${name}`;
}
