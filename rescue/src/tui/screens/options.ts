/** What can be changed about a job, for those who need it. */
import { partitionsOfImage, partitionsOfSource } from '../flow/job.ts';
import { chosenImage, type Field, type Flag, type FlowState } from '../flow/state.ts';
import type { Item, View } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { contentName } from './disk-words.ts';

export function optionsView(state: FlowState, words: Words): View {
  const { options: w } = words;
  const flow = state.flow === 'restore' || state.flow === 'clone' ? state.flow : 'image';
  const back = { kind: 'back' } as const;
  const field = (name: Field, label: string, placeholder: string): Item => ({
    kind: 'field',
    id: name,
    field: name,
    label,
    value: state.fields[name] ?? '',
    placeholder,
    enter: back,
  });
  const check = (flag: Flag, label: string, detail?: string): Item => ({
    kind: 'check',
    id: flag,
    label,
    ...(detail === undefined ? {} : { detail: [text(detail)] }),
    checked: state.flags[flag] === true,
    toggle: { kind: 'flag', flag },
  });
  const own: Item[] =
    flow === 'image'
      ? [
          field('name', w.name, w.namePlaceholder),
          field('level', w.level, '3'),
          ...(state.repository?.exists === true ? [] : [field('chunk', w.chunk, '256')]),
          check('raw', w.raw, w.rawDetail),
          check('skipGaps', w.skipGaps),
        ]
      : flow === 'clone'
        ? [
            check('raw', w.raw, w.rawDetail),
            check('grow', w.grow, w.growDetail),
            check('delta', w.delta, w.deltaDetail),
            check('noVerify', w.noVerify, w.noVerifyDetail),
            check('noBootEntry', w.noBootEntry, w.noBootEntryDetail),
          ]
        : [
            ...(state.leftOut.length > 0 ? [] : [check('grow', w.grow, w.growDetail)]),
            check('delta', w.delta, w.deltaDetail),
            check('noVerify', w.noVerify, w.noVerifyDetail),
            check('noBootEntry', w.noBootEntry, w.noBootEntryDetail),
            check('zeroUnused', w.zeroUnused, w.zeroUnusedDetail),
            check('keepGoing', w.keepGoing, w.keepGoingDetail),
          ];
  return {
    step: 'options',
    title: w.title,
    question: w.question,
    body: [],
    items: [
      { kind: 'choice', id: 'go-on', label: w.goOn, enter: back },
      ...own,
      ...(flow === 'clone' ? [] : partitionItems(flow, state, words)),
    ],
    keys: [],
    enterLabel: w.goOn,
    back: { label: w.goOn, event: back },
    help: w.help,
  };
}

function partitionItems(flow: 'image' | 'restore', state: FlowState, words: Words): Item[] {
  const { options: w } = words;
  const numbers = flow === 'image' ? partitionsOfSource(state) : partitionsOfImage(state);
  if (numbers.length < 2) return [];
  return numbers.map((number, i) => ({
    kind: 'check',
    id: `partition${number}`,
    label: w.partition(number, partitionContent(flow, number, state, words)),
    ...(i === 0 ? { heading: w.partitions[flow] } : {}),
    ...(i === numbers.length - 1 ? { detail: [text(w.partitionsDetail[flow])] } : {}),
    checked: !state.leftOut.includes(number),
    toggle: { kind: 'partition', number },
  }));
}

function partitionContent(flow: 'image' | 'restore', number: number, state: FlowState, words: Words): string {
  const part = flow === 'restore' ? state.parts[0] : undefined;
  const regions =
    flow === 'restore'
      ? chosenImage(state)?.disks.find((disk) => disk.number === part)?.regions
      : state.plan?.disks[0]?.regions;
  const region = regions?.find(({ partitions }) => partitions.includes(number));
  if (region === undefined) return '';
  const { fileSystem, length } = region;
  return [
    ...(fileSystem === undefined ? [] : [contentName(fileSystem.kind, words)]),
    ...(fileSystem?.label === undefined ? [] : [`"${fileSystem.label}"`]),
    words.format.bytes(length),
  ].join(', ');
}
