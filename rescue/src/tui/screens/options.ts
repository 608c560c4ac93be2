/** What can be changed about a job, for those who need it. */
import { isFile, isPartial, partitionsOfSource } from '../flow/job.ts';
import type { Field, Flag } from '../flow/parts.ts';
import type { FlowState } from '../flow/state.ts';
import type { Item, View } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { growWords, partitionTitle, sourcePartitions } from './layout-options.ts';
import { partitionsWords } from './partitions.ts';

export function optionsView(state: FlowState, words: Words): View {
  const { options: w } = words;
  const flow =
    state.flow === 'restore' || state.flow === 'clone' || state.flow === 'verify' ? state.flow : 'image';
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
  const page = (
    step: 'grow' | 'sectors' | 'partitions',
    label: string,
    aside: string,
    reason?: string,
  ): Item => ({
    kind: 'choice',
    id: step,
    label,
    aside,
    enterLabel: words.keys.choose,
    ...(reason === undefined
      ? { enter: step === 'partitions' ? { kind: 'choose-partitions' } : { kind: 'go', step } }
      : { reason }),
  });
  const { sectors } = words;
  const sectorItems: Item[] = state.sources.some(isFile)
    ? [
        page(
          'sectors',
          sectors.option,
          state.sectorSize === undefined ? sectors.autoShort : sectors.bytes(state.sectorSize),
        ),
      ]
    : [];
  const growItem = page('grow', words.grow.option, growWords(state, words));
  const scratchItems: Item[] = needsScratch(state)
    ? [
        {
          ...field('scratch', w.scratch, '/tmp'),
          detail: [text(state.rescue ? w.scratchInMemory : w.scratchDetail)],
        },
      ]
    : [];
  const written: Item[] = [
    check('delta', w.delta, w.deltaDetail),
    check('noVerify', w.noVerify, w.noVerifyDetail),
    check('noBootEntry', w.noBootEntry, w.noBootEntryDetail),
  ];
  const newIds = check('newIds', w.newIds, w.newIdsDetail);
  const own: { readonly [F in typeof flow]: () => readonly Item[] } = {
    image: () => [
      field('name', w.name, w.namePlaceholder),
      field('level', w.level, '3'),
      ...(state.repository?.exists === true ? [] : [field('chunk', w.chunk, '256')]),
      ...sectorItems,
      check('raw', w.raw, w.rawDetail),
      check('skipGaps', w.skipGaps),
      ...imagedItems(state, words),
    ],
    verify: () => [],
    clone: () => [
      growItem,
      ...scratchItems,
      ...sectorItems,
      check('raw', w.raw, w.rawDetail),
      ...written,
      newIds,
    ],
    restore: () => [
      page(
        'partitions',
        words.partitions.option,
        partitionsWords(state, words),
        state.targets.length > 1
          ? words.partitions.several
          : sourcePartitions(state).length === 0
            ? words.partitions.none
            : undefined,
      ),
      growItem,
      ...scratchItems,
      ...written,
      ...(isPartial(state) ? [] : [newIds]),
      check('zeroUnused', w.zeroUnused, w.zeroUnusedDetail),
      check('keepGoing', w.keepGoing, w.keepGoingDetail),
    ],
  };
  return {
    step: 'options',
    title: w.title,
    question: w.question,
    body: [],
    items: [
      { kind: 'choice', id: 'go-on', label: w.goOn, enter: back },
      ...own[flow](),
      { ...field('workers', w.workers, w.workersPlaceholder), detail: [text(w.workersDetail)] },
    ],
    keys: [],
    enterLabel: w.goOn,
    back: { label: w.goOn, event: back },
    help: w.help,
  };
}

/** Whether something shrinks, or would if there were room for its scratch files. */
function needsScratch({ plan, fields }: FlowState): boolean {
  if (plan === undefined) return false;
  const refused = plan.refusals.some(({ code }) => /^layout\/(no-scratch|scratch-full)$/.test(code));
  return (
    refused || plan.disks.some(({ shrinking }) => shrinking !== undefined) || (fields.scratch ?? '') !== ''
  );
}

/** The partitions of the one disk that is saved. */
function imagedItems(state: FlowState, words: Words): Item[] {
  const { options: w } = words;
  const numbers = partitionsOfSource(state);
  if (numbers.length < 2) return [];
  const chosen = numbers.filter((number) => !state.leftOut.includes(number));
  return numbers.map((number, i): Item => {
    const region = state.plan?.disks[0]?.regions.find(({ partitions }) => partitions.includes(number));
    const isOnly = chosen.length === 1 && chosen[0] === number;
    return {
      kind: 'check',
      id: `partition${number}`,
      label:
        region === undefined
          ? w.partition(number, '')
          : partitionTitle({ ...region, partitions: [number] }, words),
      ...(i === 0 ? { heading: w.partitions } : {}),
      ...(i === numbers.length - 1 ? { detail: [text(w.partitionsDetail)] } : {}),
      checked: chosen.includes(number),
      toggle: { kind: 'partition', number },
      ...(isOnly ? { reason: w.lastPartition } : {}),
    };
  });
}
