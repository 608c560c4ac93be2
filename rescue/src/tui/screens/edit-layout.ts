/** The layout of a target as a drawing whose partitions get larger, smaller and move by keys, and exact sizes as text. */
import type { RegionPlan } from '../../engine/index.ts';
import { editedDisk, editedRange, focusedPartition, spanOf, stepBytes } from '../flow/edit-layout.ts';
import type { EditedLayout } from '../flow/parts.ts';
import type { FlowState } from '../flow/state.ts';
import type { Block, ChoiceItem, FieldItem, Shortcut, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { contentName, identityWords, plannedMap } from './disk-words.ts';
import { remarkText } from './problem-words.ts';

/** `Partition 2, ext4, "root"`. */
function partTitle({ disk }: EditedLayout, number: number, words: Words): string {
  const region = disk.regions.find(({ partitions }) => partitions.includes(number));
  return words.options.partition(number, contentOf(region, words));
}

function contentOf(region: RegionPlan | undefined, words: Words): string {
  const { kind, label } = region?.fileSystem ?? {};
  return [
    ...(kind === undefined ? [] : [contentName(kind, words)]),
    ...(label === undefined || label === '' ? [] : [`"${label}"`]),
  ].join(', ');
}

function headBlocks(editing: EditedLayout, focused: number | undefined, words: Words): Block[] {
  const { layout: w, format } = words;
  const map = plannedMap(editedDisk(editing), words, { focused });
  const free = map.regions.filter(({ kind }) => kind === 'gap').reduce((sum, { length }) => sum + length, 0);
  return [text(w.on(identityWords(editing.disk.identity, words), format.bytes(free)), 'strong'), map];
}

/** How small and how large it can be, each with what makes it so. */
function rangeBlocks(editing: EditedLayout, number: number, words: Words): Block[] {
  const { layout: w, format } = words;
  const { leastBytes, leastWhy, mostBytes, mostWhy } = editedRange(editing, number);
  const { start, length } = spanOf(editing, number);
  return [
    text(w.now(number, format.bytes(length), format.bytes(start)), 'strong'),
    leastWhy.code === 'size/content'
      ? text(w.leastContent(format.bytes(leastBytes)))
      : text(w.least(format.bytes(leastBytes), remarkText(leastWhy, words))),
    mostWhy.code === 'size/no-room'
      ? text(w.mostRoom(format.bytes(mostBytes)))
      : text(w.most(format.bytes(mostBytes), remarkText(mostWhy, words))),
  ];
}

export function layoutView(state: FlowState, words: Words): View {
  const { layout: w, keys, format } = words;
  const { editing } = state;
  const base = {
    step: 'layout' as const,
    title: w.title,
    back: { label: keys.back, event: { kind: 'back' } as const },
    help: w.help,
    keysHelp: w.keysHelp,
  };
  if (editing === undefined) return { ...base, body: [], items: [], keys: [] };
  const focused = focusedPartition(state);
  const step = format.bytes(stepBytes(editing));
  return {
    ...base,
    body: [
      ...headBlocks(editing, focused, words),
      ...(focused === undefined ? [space, text(w.takeDetail)] : rangeBlocks(editing, focused, words)),
    ],
    items: [
      ...editing.resizing.partitions.map(({ number, length: before }): ChoiceItem => {
        const { length } = spanOf(editing, number);
        const size = format.bytes(length);
        return {
          kind: 'choice',
          id: String(number),
          label: partTitle(editing, number, words),
          aside: length === before ? size : w.was(size, format.bytes(before)),
          enter: { kind: 'type-size', number },
          enterLabel: w.exact,
          sideways: {
            left: { kind: 'resize', number, to: -1 },
            right: { kind: 'resize', number, to: 1 },
          },
        };
      }),
      { kind: 'choice', id: 'take', label: w.take, enter: { kind: 'take-layout' }, tone: 'good' },
    ],
    keys: focused === undefined ? [] : sizeKeys(focused, step, words),
    sidewaysLabel: w.sideways(step),
  };
}

function sizeKeys(number: number, step: string, { layout: w }: Words): Shortcut[] {
  const keys = [
    ['+', w.tenMore, { kind: 'resize', number, to: 10 }],
    ['-', w.tenLess, { kind: 'resize', number, to: -10 }],
    ['>', w.right(step), { kind: 'move', number, steps: 1 }],
    ['<', w.left, { kind: 'move', number, steps: -1 }],
    ['M', w.mostKey, { kind: 'resize', number, to: 'most' }],
    ['L', w.leastKey, { kind: 'resize', number, to: 'least' }],
    ['U', w.wasKey, { kind: 'as-it-was', number }],
  ] as const;
  return keys.map(([key, label, event]) => ({ key, label, event, ofFocus: true }));
}

/** One partition: its size and where it begins as text, and the ends. */
export function partSizeView(state: FlowState, words: Words): View {
  const { layout: w, keys, format } = words;
  const { editing, placing: number = 0 } = state;
  const base = {
    step: 'part-size' as const,
    title: editing === undefined ? w.title : partTitle(editing, number, words),
    back: { label: keys.back, event: { kind: 'back' } as const },
    help: w.help,
    keys: [],
  };
  if (editing === undefined) return { ...base, body: [], items: [] };
  const { start, length } = spanOf(editing, number);
  const { leastBytes, mostBytes } = editedRange(editing, number);
  const take = { kind: 'take-typed', number } as const;
  const field = (name: 'partSize' | 'partStart', label: string, now: number): FieldItem => ({
    ...{ kind: 'field', id: name, field: name, label, enter: take },
    value: state.fields[name] ?? '',
    placeholder: format.bytes(now),
  });
  return {
    ...base,
    question: w.typeQuestion,
    body: [...headBlocks(editing, number, words), ...rangeBlocks(editing, number, words)],
    items: [
      field('partSize', w.size, length),
      field('partStart', w.start, start),
      { kind: 'choice', id: 'typed', label: w.takeTyped, enter: take },
      {
        kind: 'choice',
        id: 'most',
        label: w.mostItem,
        aside: format.bytes(mostBytes),
        enter: { kind: 'resize', number, to: 'most' },
      },
      {
        kind: 'choice',
        id: 'least',
        label: w.leastItem,
        aside: format.bytes(leastBytes),
        enter: { kind: 'resize', number, to: 'least' },
      },
      { kind: 'choice', id: 'was', label: w.wasItem, enter: { kind: 'as-it-was', number } },
    ],
  };
}
