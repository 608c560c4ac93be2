/** Which partitions of an image are put back, and where on the target each of them goes. */
import { isShrinkable, type DiskPlan, type FileSystemInfo } from '../../engine/index.ts';
import { chosenPartitions, isPartial } from '../flow/job.ts';
import type { PartitionPlace } from '../flow/parts.ts';
import type { FlowState } from '../flow/state.ts';
import type { Block, ChoiceItem, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { contentName, identityWords, plannedMap } from './disk-words.ts';
import { partitionTitle, sourcePartitions, type SourceRegion } from './layout-options.ts';
import { problemHint, problemText } from './problem-words.ts';

const MiB = 1024 * 1024;

export function partitionsView(state: FlowState, words: Words): View {
  const { partitions: w, keys } = words;
  return {
    step: 'partitions',
    title: w.title,
    question: w.question,
    body: [
      ...targetBlocks(state, words),
      text(isPartial(state) ? w.rest : w.whole, isPartial(state) ? 'plain' : 'danger'),
    ],
    items: sourcePartitions(state).map((region): ChoiceItem => {
      const number = region.partitions[0]!;
      const isOut = state.leftOut.includes(number);
      return {
        kind: 'choice',
        id: String(number),
        label: partitionTitle(region, words),
        marked: !isOut,
        aside: isOut ? w.out : placeWords(state.into[number], words),
        enter: { kind: 'place-partition', number },
        ...(isOnly(number, state) ? {} : { space: { kind: 'partition', number } }),
      };
    }),
    keys: [],
    spaceLabel: w.leaveOut,
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
    keysHelp: w.keysHelp,
  };
}

/** The last one that is not left out stays: an image of which nothing is put back is none that is put back. */
function isOnly(number: number, state: FlowState): boolean {
  const chosen = chosenPartitions(state);
  return chosen.length === 1 && chosen[0] === number;
}

function placeWords(place: PartitionPlace | undefined, { partitions: w }: Words): string {
  return place === undefined ? w.same : place === 'free' ? w.free : w.into(place);
}

/** What is chosen, in few words. */
export function partitionsWords(state: FlowState, { partitions: w }: Words): string {
  if (!isPartial(state)) return w.all;
  return w.some(chosenPartitions(state).length, sourcePartitions(state).length);
}

/** What the target holds; undefined until that is known. */
function targetPlan({ targets: [target], inspected }: FlowState): DiskPlan | undefined {
  const found = target === undefined ? undefined : inspected[target.key];
  return found === undefined || 'code' in found ? undefined : found;
}

function targetBlocks(state: FlowState, words: Words): Block[] {
  const { targets, inspected } = state;
  const found = targets[0] === undefined ? undefined : inspected[targets[0].key];
  if (found === undefined) return [text(words.disk.looking, 'warning'), space];
  if ('code' in found)
    return [text(problemText(found, words), 'warning'), text(problemHint(found, words)), space];
  return [
    text(words.plan.on(identityWords(found.identity, words)), 'strong'),
    plannedMap(found, words, { explain: true }),
    space,
  ];
}

export function intoView(state: FlowState, words: Words): View {
  const { into: w, keys } = words;
  const number = state.placing ?? 0;
  const region = sourcePartitions(state).find(({ partitions }) => partitions[0] === number);
  const disk = targetPlan(state);
  const choice = (
    id: string,
    label: string,
    place: PartitionPlace | undefined,
    more: { readonly detail?: string; readonly reason?: string | undefined } = {},
  ): ChoiceItem => ({
    kind: 'choice',
    id,
    label,
    marked: !state.leftOut.includes(number) && state.into[number] === place,
    ...(more.detail === undefined ? {} : { detail: [text(more.detail)] }),
    ...(more.reason === undefined
      ? { enter: { kind: 'into', number, ...(place === undefined ? {} : { place }) } }
      : { reason: more.reason }),
  });
  return {
    step: 'into',
    title: region === undefined ? words.partitions.title : w.title(partitionTitle(region, words)),
    question: w.question,
    body: [...targetBlocks(state, words), text(w.lost, 'danger')],
    items:
      region === undefined
        ? []
        : [
            choice('same', w.same, undefined, { detail: w.sameDetail }),
            ...(disk?.table.partitions ?? []).map((there) =>
              choice(`into${there.number}`, thereTitle(there, disk!, words), there.number, {
                reason: intoReason(there, region, state, words),
                ...(there.length < region.length
                  ? {
                      detail: w.smaller(
                        words.format.bytes(region.length - there.length),
                        words.format.bytes(region.length),
                      ),
                    }
                  : {}),
              }),
            ),
            choice(
              'free',
              w.free,
              'free',
              disk === undefined ? { reason: words.disk.looking } : freeRoom(disk, region, words),
            ),
          ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
    danger: true,
  };
}

type There = DiskPlan['table']['partitions'][number];

/** A partition of the target, and what is in it. */
function thereTitle({ number, length }: There, { regions }: DiskPlan, words: Words): string {
  const fileSystem = regions.find(({ partitions }) => partitions.includes(number))?.fileSystem;
  const what = [
    ...(fileSystem === undefined ? [] : [contentName(fileSystem.kind, words)]),
    ...(fileSystem?.label === undefined ? [] : [`"${fileSystem.label}"`]),
    words.format.bytes(length),
  ];
  return words.options.partition(number, what.join(', '));
}

/** Why `region` cannot go into a partition of the target. */
function intoReason(there: There, region: SourceRegion, state: FlowState, words: Words): string | undefined {
  const { into: w, format } = words;
  const other = chosenPartitions(state).find(
    (number) => number !== region.partitions[0] && (state.into[number] ?? number) === there.number,
  );
  if (there.length < region.length && !canShrink(region))
    return w.small(format.bytes(region.length - there.length), format.bytes(region.length));
  return other === undefined || !isPartial(state) ? undefined : w.taken(other);
}

function canShrink({ fileSystem }: SourceRegion): boolean {
  return fileSystem !== undefined && isShrinkable(fileSystem.kind as FileSystemInfo['kind']);
}

/** Why there is no room for a new partition, or what speaks of less room than it had. */
function freeRoom(
  disk: DiskPlan,
  region: SourceRegion,
  words: Words,
): { readonly detail?: string; readonly reason?: string } {
  const { into: w, format } = words;
  const { kind, partitions } = disk.table;
  if (kind !== 'gpt' && kind !== 'mbr') return { reason: w.noTable };
  let largest = 0;
  let at = MiB;
  const ends = partitions.toSorted((a, b) => a.start - b.start);
  for (const { start, length: bytes } of [...ends, { start: disk.sizeBytes - MiB, length: 0 }]) {
    largest = Math.max(largest, start - Math.ceil(at / MiB) * MiB);
    at = Math.max(at, start + bytes);
  }
  if (largest >= region.length) return {};
  const [by, needed] = [format.bytes(region.length - Math.max(0, largest)), format.bytes(region.length)];
  return largest > 0 && canShrink(region)
    ? { detail: w.freeSmaller(by, needed) }
    : { reason: w.noFree(by, needed) };
}
