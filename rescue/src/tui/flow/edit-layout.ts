/** The layout of a target, edited by keys: every change goes by the engine's own rules, and what cannot be says why. */
import {
  type AskedPartition,
  type DiskPlan,
  parseSize,
  placesOf,
  type Plan,
  rangeOf,
  type Remark,
  remark,
  type SizeRange,
  whyNotSize,
} from '../../engine/index.ts';
import { isPartial, jobOf, textOf } from './job.ts';
import type { EditedLayout } from './parts.ts';
import type { FlowState } from './state.ts';
import { backTo, done, go, planAgain, wait, type Result } from './steps.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Bytes of one step: a size that a person would name, and some hundred of them the disk. */
export function stepBytes({ disk: { sizeBytes } }: EditedLayout): number {
  if (sizeBytes >= 64 * GIB) return GIB;
  if (sizeBytes >= 8 * GIB) return 100 * MIB;
  return sizeBytes >= GIB ? 10 * MIB : MIB;
}

/** Whether sizes can be chosen here: on one target, since others have other bounds. */
export function canEditLayout(state: FlowState): boolean {
  return mayEditLayout(state) && state.plan?.disks.length === 1;
}

/** Whether there are sizes to choose at all: of whole disks with partitions. */
export function mayEditLayout(state: FlowState): boolean {
  const disk = state.plan?.disks[0];
  if (disk === undefined) return false;
  if (state.flow !== 'clone' && (state.flow !== 'restore' || isPartial(state))) return false;
  return ['gpt', 'mbr'].includes(disk.table.kind) && disk.table.partitions.length > 0;
}

/** Asks what could be chosen: what is there without sizes, and how far each partition could be changed. */
export function openLayout(state: FlowState): Result {
  const job = jobOf({ ...state, layout: [] });
  if (job === undefined || !('layout' in job)) return done(state);
  return wait(state, 'layout', '', (token) => ({ kind: 'plan', token, job }));
}

/** To the page of the layout; where sizes cannot be chosen the plan says why, or a notice. */
export function layoutPlanned(state: FlowState, plan: Plan): Result {
  const [disk] = plan.disks;
  const resizing = disk?.resizing;
  if (disk === undefined || resizing === undefined) {
    if (plan.refusals.length > 0) return done({ ...state, plan });
    return done({ ...state, notice: { id: 'no-sizes', subject: '', bad: true } });
  }
  const changed = (disk.layout ?? []).filter(({ from, to }) => to.length !== from.length);
  const planned = changed.map(({ number, to }) => ({ partition: number, size: to.length }));
  const kept = state.layout;
  const asked = kept !== undefined && placesOf(resizing, kept) !== undefined ? kept : planned;
  // Most likely the largest is meant, and least likely what firmware has for itself.
  const [largest] = resizing.partitions.toSorted(
    (one, other) =>
      Number(one.mostReason !== undefined) - Number(other.mostReason !== undefined) ||
      other.length - one.length,
  );
  const focus = String(largest!.number);
  return go(
    { ...state, editing: { disk, resizing, asked }, focus: { ...state.focus, layout: focus } },
    'layout',
  );
}

/** The partition that keys change; undefined where the focus is on none. */
export function focusedPartition({ editing, focus }: FlowState): number | undefined {
  const number = Number(focus.layout ?? NaN);
  return editing?.resizing.partitions.some((part) => part.number === number) === true ? number : undefined;
}

/** Where partition `number` is now. */
export function spanOf({ resizing, asked }: EditedLayout, number: number): { start: number; length: number } {
  return placesOf(resizing, asked)!.find((placement) => placement.number === number)!.to;
}

export function editedRange({ resizing, asked }: EditedLayout, number: number): SizeRange {
  return rangeOf(resizing, asked, number);
}

/** What partition `number` gets by a key: so many steps more, or one of the ends. */
export function resize(state: FlowState, number: number, to: number | 'most' | 'least'): Result {
  const { editing } = state;
  if (editing === undefined) return done(state);
  const { length } = spanOf(editing, number);
  const { leastBytes, leastWhy, mostBytes, mostWhy } = editedRange(editing, number);
  const step = typeof to === 'number' ? to * stepBytes(editing) : 0;
  const wanted = to === 'most' ? mostBytes : to === 'least' ? leastBytes : aligned(length, step);
  // The ends are reached whatever the step.
  const size = Math.min(Math.max(wanted, Math.min(leastBytes, length)), Math.max(mostBytes, length));
  if (size === length) return limited(state, number, to === 'most' || step > 0 ? mostWhy : leastWhy);
  return done(withAsked(state, editing, number, { size }));
}

/** Moves where partition `number` begins, so many steps to the right. */
export function move(state: FlowState, number: number, steps: number): Result {
  const { editing } = state;
  if (editing === undefined) return done(state);
  const { start } = spanOf(editing, number);
  const { leastStart, mostStart } = editedRange(editing, number);
  const wanted = aligned(start, steps * stepBytes(editing));
  const first = Math.min(start, Math.ceil(leastStart / MIB) * MIB);
  const to = Math.min(Math.max(wanted, first), Math.max(start, Math.floor(mostStart / MIB) * MIB));
  if (to === start)
    return limited(state, number, steps > 0 ? remark('place/behind', { mostStart }) : beforeOf(first));
  return done(withAsked(state, editing, number, { start: to }));
}

function beforeOf(leastStart: number): Remark {
  return remark('place/before', { leastStart });
}

/** `bytes` and a step more, in whole MiB. */
function aligned(bytes: number, step: number): number {
  return step > 0 ? Math.floor((bytes + step) / MIB) * MIB : Math.ceil((bytes + step) / MIB) * MIB;
}

/** Partition `number` as it was on the source, as far as the others leave it that. */
export function asItWas(state: FlowState, number: number): Result {
  const { editing } = state;
  if (editing === undefined) return done(state);
  const asked = editing.asked.filter(({ partition }) => partition !== number);
  if (placesOf(editing.resizing, asked) !== undefined)
    return done({ ...state, editing: { ...editing, asked } });
  return limited(state, number, editedRange(editing, number).mostWhy);
}

/** Takes what was typed for partition `number`, size and start. */
export function takeTyped(state: FlowState, number: number): Result {
  const { editing } = state;
  if (editing === undefined) return done(state);
  const typed = { size: textOf(state, 'partSize'), start: textOf(state, 'partStart') };
  let next = state;
  for (const what of ['size', 'start'] as const) {
    const said = typed[what];
    if (said === undefined) continue;
    const bytes = parseSize(said);
    // A number alone could be anything.
    if (bytes === undefined || /^[\d.,]+$/.test(said))
      return done({ ...state, notice: { id: 'cannot', subject: 'partSize', bad: true } });
    const now = next.editing!;
    const why = what === 'size' ? whyNotBytes(now, number, bytes) : whyNotStart(now, number, bytes);
    if (why !== undefined) return limited(state, number, why);
    const { sectorSize } = now.resizing.room;
    next = withAsked(next, now, number, { [what]: Math.ceil(bytes / sectorSize) * sectorSize });
  }
  const fields = { ...next.fields, partSize: '', partStart: '' };
  return done({ ...next, fields, trail: next.trail.slice(0, -1) });
}

function whyNotBytes(editing: EditedLayout, number: number, bytes: number): Remark | undefined {
  const part = editing.resizing.partitions.find((one) => one.number === number)!;
  const { mostBytes, mostWhy } = editedRange(editing, number);
  return whyNotSize(part, bytes) ?? (bytes > mostBytes ? mostWhy : undefined);
}

function whyNotStart(editing: EditedLayout, number: number, bytes: number): Remark | undefined {
  const { leastStart, mostStart } = editedRange(editing, number);
  if (bytes < leastStart) return beforeOf(leastStart);
  return bytes > mostStart ? remark('place/behind', { mostStart }) : undefined;
}

/** The edited layout becomes that of the job, and the plan is made with it. */
export function takeLayout(state: FlowState): Result {
  const { editing } = state;
  if (editing === undefined) return done(state);
  // What the free space went to is among the sizes now.
  return planAgain(backTo({ ...state, layout: editing.asked, grow: undefined, editing: undefined }, 'plan'));
}

/** What is shown of the target with the edited layout: as a plan would show it. */
export function editedDisk({ disk, resizing, asked }: EditedLayout): DiskPlan {
  const layout = placesOf(resizing, asked)!.filter(
    ({ from, to }) => from.start !== to.start || from.length !== to.length,
  );
  return { ...disk, layout };
}

function limited(state: FlowState, number: number, why: Remark): Result {
  return done({ ...state, notice: { id: 'limit', subject: String(number), bad: true, why } });
}

function withAsked(
  state: FlowState,
  editing: EditedLayout,
  partition: number,
  change: Omit<AskedPartition, 'partition'>,
): FlowState {
  const before = editing.asked.find((one) => one.partition === partition);
  const others = editing.asked.filter((one) => one !== before);
  const asked = [...others, { partition, ...before, ...change }].sort((a, b) => a.partition - b.partition);
  return { ...state, editing: { ...editing, asked } };
}
