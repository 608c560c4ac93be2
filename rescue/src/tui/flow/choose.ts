/** Pieces of the reducer: what a person chooses, and where that leads. */
import type { Chosen, PartitionPlace } from './parts.ts';
import type { FlowState } from './state.ts';
import { done, go, planAgain, wait, type Result } from './steps.ts';

export function toggled(list: readonly Chosen[], item: Chosen): Chosen[] {
  return list.some(({ key }) => key === item.key)
    ? list.filter(({ key }) => key !== item.key)
    : [...list, item];
}

export function toggledNumber(list: readonly number[], item: number): number[] {
  return list.includes(item) ? list.filter((other) => other !== item) : [...list, item].sort((a, b) => a - b);
}

/** With partition `number` of the image at `place`, or where it was; it is put back then. */
export function withPlace(state: FlowState, number: number, place: PartitionPlace | undefined): FlowState {
  const others = Object.fromEntries(Object.entries(state.into).filter(([other]) => Number(other) !== number));
  return {
    ...state,
    into: place === undefined ? others : { ...others, [number]: place },
    leftOut: state.leftOut.filter((left) => left !== number),
  };
}

export function sourcesChosen(
  state: FlowState,
  { key, path }: { readonly key?: string; readonly path?: string },
): Result {
  const chosen = key === undefined || path === undefined ? undefined : { key, path };
  // Enter takes what is marked; where nothing is, what the focus is on.
  const marked = state.flow === 'clone' ? [] : state.sources;
  const sources = marked.length > 0 ? marked : chosen === undefined ? [] : [chosen];
  if (sources.length === 0)
    return done({ ...state, notice: { id: 'nothing-marked', subject: '', bad: true } });
  const next: FlowState = {
    ...state,
    sources,
    byEnter: marked.length > 0 ? state.byEnter : [...state.byEnter, 'sources'],
    leftOut: [],
    trust: [],
    grow: undefined,
    layout: undefined,
    sectorSize: undefined,
    plan: undefined,
  };
  if (state.flow !== 'clone') return go(next, 'place');
  // A disk is not copied to itself.
  const copies = state.copies.filter((copy) => sources.every((source) => source.key !== copy.key));
  return go({ ...next, copies }, 'copies');
}

export function copiesChosen(
  state: FlowState,
  { key, path }: { readonly key?: string; readonly path?: string },
): Result {
  const chosen = key === undefined || path === undefined ? [] : [{ key, path }];
  const copies = state.copies.length > 0 ? state.copies : chosen;
  if (copies.length === 0)
    return done({ ...state, notice: { id: 'nothing-marked', subject: '', bad: true } });
  const byEnter = state.copies.length > 0 ? state.byEnter : [...state.byEnter, 'copies' as const];
  return planAgain({ ...state, copies, byEnter, layout: undefined, plan: undefined });
}

export function chooseFolder(state: FlowState): Result {
  const { flow, repository } = state;
  if (flow === 'image') return planAgain({ ...state, plan: undefined });
  return wait(state, 'images', repository!.path, (token) => ({
    kind: 'list-images',
    token,
    path: repository!.path,
  }));
}

export function chooseImage(state: FlowState, image: string): Result {
  const manifest = state.images?.images.find(({ id }) => id === image);
  const next: FlowState = {
    ...state,
    image,
    leftOut: [],
    grow: undefined,
    layout: undefined,
    into: {},
    targets: [],
    plan: undefined,
    parts: manifest?.disks.map(({ number }) => number) ?? [],
  };
  if (state.flow === 'verify') return planAgain(next);
  if (manifest === undefined) return done(next);
  return go(next, manifest.disks.length > 1 ? 'parts' : 'target');
}

export function chooseTarget(state: FlowState, { key, path }: Chosen): Result {
  const disk = state.parts[state.targets.length];
  if (disk === undefined) return done(state);
  const next = {
    ...state,
    targets: [...state.targets, { key, path, disk }],
    into: {},
    layout: undefined,
    plan: undefined,
  };
  return next.targets.length < next.parts.length ? go(next, 'target') : planAgain(next);
}
