/** What becomes of the free space of a larger disk, and how large the sectors of a disk-image file are. */
import { growability, type FileSystemInfo } from '../../engine/index.ts';
import { chosenPartitions, isPartial } from '../flow/job.ts';
import type { GrowChoice } from '../flow/parts.ts';
import { chosenImage, type FlowState } from '../flow/state.ts';
import type { ChoiceItem, View } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { contentName } from './disk-words.ts';

/** A region of the disk that is copied or put back. */
export interface SourceRegion {
  readonly kind: string;
  readonly start: number;
  readonly length: number;
  readonly partitions: readonly number[];
  readonly fileSystem?: { readonly kind: string; readonly label?: string; readonly state: string };
}

/** Regions with one partition each of the only disk that is copied or put back. */
export function sourcePartitions(state: FlowState): readonly SourceRegion[] {
  const regions: readonly SourceRegion[] | undefined =
    state.flow === 'clone'
      ? (state.plan?.source?.regions ?? state.plan?.disks[0]?.regions)
      : state.parts.length > 1
        ? []
        : chosenImage(state)?.disks.find(({ number }) => number === state.parts[0])?.regions;
  return (regions ?? []).filter(({ kind, partitions }) => kind === 'partition' && partitions.length === 1);
}

/** `Partition 2, ext4, "root", 20.0 MiB`. */
export function partitionTitle({ partitions, fileSystem, length }: SourceRegion, words: Words): string {
  const { options: w, format } = words;
  const what = [
    ...(fileSystem === undefined ? [] : [contentName(fileSystem.kind, words)]),
    ...(fileSystem?.label === undefined ? [] : [`"${fileSystem.label}"`]),
    format.bytes(length),
  ];
  return w.partition(partitions[0]!, what.join(', '));
}

/** What is chosen, in few words. */
export function growWords({ grow }: FlowState, { grow: w }: Words): string {
  return grow === undefined ? w.noneShort : grow === 'last' ? w.lastShort : w.number(grow);
}

export function growView(state: FlowState, words: Words): View {
  const { grow: w, keys } = words;
  const choice = (
    grow: GrowChoice | undefined,
    label: string,
    more: { readonly detail?: string; readonly reason?: string | undefined },
  ): ChoiceItem => ({
    kind: 'choice',
    id: String(grow ?? 'none'),
    label,
    marked: state.grow === grow,
    ...(more.detail === undefined ? {} : { detail: [text(more.detail)] }),
    ...(more.reason === undefined ? { enter: { kind: 'grow', grow } } : { reason: more.reason }),
  });
  const partitions = sourcePartitions(state);
  const lastReason =
    state.flow === 'restore' && isPartial(state)
      ? w.onlyWhole
      : partitions.length === 0 && state.parts.length < 2
        ? w.noTable
        : undefined;
  return {
    step: 'grow',
    title: w.title,
    question: w.question,
    body: [],
    items: [
      choice(undefined, w.none, {}),
      choice('last', w.last, { detail: w.lastDetail, reason: lastReason }),
      ...partitions.map((region) => {
        const number = region.partitions[0]!;
        const growth = growthOf(region, words);
        return choice(number, partitionTitle(region, words), {
          ...(growth.detail === undefined ? {} : { detail: growth.detail }),
          reason: placeReason(number, state, words) ?? growth.reason,
        });
      }),
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

/** Why a partition cannot grow because of where it goes. */
function placeReason(number: number, state: FlowState, { grow: w }: Words): string | undefined {
  if (state.flow !== 'restore' || !isPartial(state)) return undefined;
  if (typeof state.into[number] === 'number' && chosenPartitions(state).includes(number)) return undefined;
  return w.onlyMoved;
}

function growthOf({ fileSystem }: SourceRegion, words: Words): { detail?: string; reason?: string } {
  const { grow: w } = words;
  const growth = growability(fileSystem as Pick<FileSystemInfo, 'kind' | 'state'> | undefined);
  if ('tool' in growth) return {};
  if ('later' in growth) return { detail: w.later };
  if (fileSystem === undefined || fileSystem.kind === 'unknown' || fileSystem.kind === 'empty')
    return { reason: w.unknown };
  return { reason: fileSystem.kind === 'ntfs' ? w.dirty : w.noTool(contentName(fileSystem.kind, words)) };
}

export function sectorsView(state: FlowState, { sectors: w, keys }: Words): View {
  const choice = (bytes: number | undefined, label: string): ChoiceItem => ({
    kind: 'choice',
    id: String(bytes ?? 'auto'),
    label,
    marked: state.sectorSize === bytes,
    enter: { kind: 'sector-size', bytes },
  });
  return {
    step: 'sectors',
    title: w.title,
    question: w.question,
    body: [],
    items: [choice(undefined, w.auto), choice(512, w.bytes(512)), choice(4096, w.bytes(4096))],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}
