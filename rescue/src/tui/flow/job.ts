/** The job that was put together step by step, as the engine takes it. */
import { join } from 'node:path';
import type { BootCheckJob, CloneJob, ImageJob, Job, RestoreJob, VerifyJob } from '../../engine/index.ts';
import type { Chosen, Field, Flag } from './parts.ts';
import { chosenImage, type FlowState } from './state.ts';

/** Folder for images where none is there yet. */
export const DEFAULT_FOLDER = 'permafrost';

/** Everything that can be put back or checked at once. */
export const EVERYTHING = 'everything';

/** The job as chosen so far; undefined while something is missing. */
export function jobOf(state: FlowState): Job | undefined {
  const { repository, flow } = state;
  if (flow === 'clone') return cloneJob(state);
  if (flow === 'bootcheck') return bootCheckJob(state);
  if (repository === undefined) return undefined;
  switch (flow) {
    case 'image':
      return state.sources.length === 0 ? undefined : imageJob(state, repository.path);
    case 'restore':
      return restoreJob(state, repository.path);
    case 'verify':
      return verifyJob(state, repository.path);
    case undefined:
      return undefined;
  }
}

function imageJob(state: FlowState, repository: string): ImageJob {
  const { sources, leftOut, trust } = state;
  const name = textOf(state, 'name');
  const level = numberOf(state, 'level');
  const chunkBytes = numberOf(state, 'chunk');
  const chosen = partitionsOfSource(state).filter((number) => !leftOut.includes(number));
  return {
    kind: 'image',
    sources: sources.map(({ path }) => path),
    repository,
    ...(name === undefined ? {} : { name }),
    ...(level === undefined ? {} : { level }),
    ...(chunkBytes === undefined ? {} : { chunkBytes: chunkBytes * 1024 }),
    ...(leftOut.length === 0 || chosen.length === 0 ? {} : { partitions: chosen }),
    ...flag(state, 'raw'),
    ...flag(state, 'skipGaps'),
    ...sectorSizeOf(state),
    ...(trust.length === 0 ? {} : { trustBitmap: trust }),
    ...flag(state, 'forceSameDisk'),
    ...flag(state, 'allowUnresolved'),
  };
}

function restoreJob(state: FlowState, repository: string): RestoreJob | undefined {
  const { image, targets, parts } = state;
  if (image === undefined || targets.length === 0 || targets.length < parts.length) return undefined;
  return {
    kind: 'restore',
    repository,
    image,
    targets: targets.map(({ disk, path }) => ({ disk, target: path })),
    ...partitionsOf(state),
    ...(isPartial(state) ? {} : layoutOf(state)),
    ...scratchOf(state),
    ...flag(state, 'delta'),
    ...flag(state, 'noVerify'),
    ...flag(state, 'noBootEntry'),
    ...(isPartial(state) ? {} : flag(state, 'newIds')),
    ...flag(state, 'zeroUnused'),
    ...flag(state, 'keepGoing'),
    ...flag(state, 'allowUnresolved'),
  };
}

function cloneJob(state: FlowState): CloneJob | undefined {
  const { sources, copies, trust } = state;
  const [source] = sources;
  if (source === undefined || copies.length === 0) return undefined;
  return {
    kind: 'clone',
    source: source.path,
    targets: copies.map(({ path }) => path),
    ...flag(state, 'raw'),
    ...(trust.length === 0 ? {} : { trustBitmap: trust }),
    ...(state.grow === undefined ? {} : { grow: state.grow }),
    ...layoutOf(state),
    ...scratchOf(state),
    ...sectorSizeOf(state),
    ...flag(state, 'delta'),
    ...flag(state, 'noVerify'),
    ...flag(state, 'noBootEntry'),
    ...flag(state, 'newIds'),
  };
}

function bootCheckJob({ sources: [disk] }: FlowState): BootCheckJob | undefined {
  return disk === undefined ? undefined : { kind: 'bootcheck', target: disk.path };
}

/** Which partitions of the image go where, and which of them grows. */
function partitionsOf(state: FlowState): Pick<RestoreJob, 'partitions' | 'into' | 'grow'> {
  const { grow, into } = state;
  const chosen = chosenPartitions(state);
  if (state.targets.length === 1 && chosen.some((number) => into[number] !== undefined))
    return {
      into: chosen.map((number) => ({ partition: number, place: into[number] ?? number })),
      ...(typeof grow === 'number' && into[grow] !== undefined ? { grow } : {}),
    };
  if (isPartial(state)) return { partitions: chosen };
  return grow === undefined ? {} : { grow };
}

function layoutOf({ layout }: FlowState): Pick<RestoreJob, 'layout'> {
  return layout === undefined ? {} : { layout };
}

function scratchOf(state: FlowState): Pick<RestoreJob, 'scratch'> {
  const scratch = textOf(state, 'scratch');
  return scratch === undefined ? {} : { scratch };
}

/** Partitions of the image that are put back. */
export function chosenPartitions(state: FlowState): number[] {
  return partitionsOfImage(state).filter((number) => !state.leftOut.includes(number));
}

/** Whether only some partitions are put back, or any into other places, so that the rest of the target stays. */
export function isPartial(state: FlowState): boolean {
  const all = partitionsOfImage(state);
  if (state.targets.length !== 1 || all.length === 0) return false;
  return all.some((number) => state.leftOut.includes(number) || state.into[number] !== undefined);
}

function sectorSizeOf({ sectorSize, sources }: FlowState): { sectorSize?: number } {
  return sectorSize === undefined || !sources.some(isFile) ? {} : { sectorSize };
}

/** Whether it is a disk-image file, by its key. */
export function isFile({ key }: Chosen): boolean {
  return !key.includes('#');
}

function verifyJob(state: FlowState, repository: string): VerifyJob | undefined {
  const { image } = state;
  if (image === undefined) return undefined;
  return {
    kind: 'verify',
    repository,
    ...(image === EVERYTHING ? {} : { image }),
    ...flag(state, 'independent'),
  };
}

function flag<F extends Flag>(state: FlowState, name: F): Partial<Record<F, true>> {
  return state.flags[name] === true ? ({ [name]: true } as Partial<Record<F, true>>) : {};
}

/** What was typed, without blanks around it; undefined if that is nothing. */
export function textOf(state: FlowState, field: Field): string | undefined {
  const text = state.fields[field]?.trim() ?? '';
  return text === '' ? undefined : text;
}

/** What was typed as a whole number; undefined if it is none. */
export function numberOf(state: FlowState, field: Field): number | undefined {
  const text = textOf(state, field);
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

/** Threads as they were typed; undefined for as many as are of use. */
export function workersOf(state: FlowState): number | undefined {
  return isWithin(state, 'workers', 1, 64) ? numberOf(state, 'workers') : undefined;
}

/** The first field among the options that does not hold what it must, if one does not. */
export function wrongOption(state: FlowState): 'level' | 'chunk' | 'workers' | undefined {
  if (!isWithin(state, 'workers', 1, 64)) return 'workers';
  if (state.flow !== 'image') return undefined;
  if (!isWithin(state, 'level', 1, 19)) return 'level';
  const kib = numberOf(state, 'chunk') ?? 256;
  const isChunk = isWithin(state, 'chunk', 64, 4096) && Number.isInteger(Math.log2(kib));
  return state.repository?.exists === true || isChunk ? undefined : 'chunk';
}

/** Whether nothing was typed, or a whole number within these bounds. */
function isWithin(state: FlowState, field: Field, least: number, most: number): boolean {
  if (textOf(state, field) === undefined) return true;
  const number = numberOf(state, field);
  return number !== undefined && number >= least && number <= most;
}

/** Partitions that can be chosen one by one: of a single source, as it was planned or listed. */
export function partitionsOfSource(state: FlowState): number[] {
  const [source, ...more] = state.sources;
  if (source === undefined || more.length > 0) return [];
  const planned = state.plan?.job.kind === 'image' ? state.plan.disks[0]?.table.partitions : undefined;
  if (planned !== undefined) return planned.map(({ number }) => number);
  const listed = state.disks?.find(({ disk }) => disk.path === source.path);
  return [...new Set(listed?.regions.flatMap(({ partitions }) => partitions) ?? [])];
}

/** Partitions of the one disk of the image that is put back. */
export function partitionsOfImage(state: FlowState): number[] {
  const [part, ...more] = state.parts;
  const disk = chosenImage(state)?.disks.find(({ number }) => number === part);
  if (disk === undefined || more.length > 0) return [];
  return disk.regions.filter(({ content }) => content !== undefined).flatMap(({ partitions }) => partitions);
}

/** What is in the field for the folder: the usual name until something else is typed. */
export function folderText(state: FlowState): string {
  return state.fields.folder ?? DEFAULT_FOLDER;
}

/** The path of the folder that was typed, within the place. */
export function typedFolder(state: FlowState): string {
  const root = state.place?.place.path ?? '/';
  return join(root, folderText(state).trim() || '.');
}
