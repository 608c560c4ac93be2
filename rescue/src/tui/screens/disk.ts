/** One disk, with its partitions and how much of each is used. */
import { diskByKey, diskKey, type FlowState } from '../flow/state.ts';
import type { Block, Item, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import {
  contentName,
  diskFacts,
  diskTitle,
  limitBlocks,
  listedMap,
  plannedMap,
  regionName,
} from './disk-words.ts';
import { useWords } from './place-words.ts';
import { busyReason, problemHint, problemText, rawReason, rawRemedy, said } from './problem-words.ts';
import { useReason } from './sources.ts';

export function diskView(state: FlowState, words: Words): View {
  const { disk: w, keys, common } = words;
  const listed = diskByKey(state, state.lookedAt);
  return {
    step: 'disk',
    title: words.disks.title,
    ...(listed === undefined ? {} : { question: diskTitle(listed, words) }),
    body:
      listed === undefined
        ? [text(w.gone, 'warning')]
        : [
            text(diskFacts(listed, words)),
            ...(listed.disk.wwn === undefined ? [] : [text(`WWN ${listed.disk.wwn}`)]),
            ...limitBlocks(listed, words),
            ...listed.uses.map((use) =>
              use.kind === 'read-only'
                ? text(`${useWords(use, words)}.`, 'warning')
                : text(common.inUse(useWords(use, words)), 'warning'),
            ),
            space,
            ...contentBlocks(state, listed, words),
          ],
    items: bootCheckItems(state, listed, words),
    keys: [],
    fromTop: true,
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

/** Whether what is on it starts: asked of disks that hold something. */
function bootCheckItems({ host }: FlowState, listed: ReturnType<typeof diskByKey>, words: Words): Item[] {
  if (listed === undefined || listed.regions.length === 0) return [];
  const { disk: w } = words;
  const reason = busyReason(host, words) ?? useReason(listed, words);
  return [
    {
      kind: 'choice',
      id: 'bootcheck',
      label: w.bootcheck,
      detail: [text(w.bootcheckDetail)],
      ...(reason === undefined
        ? { enter: { kind: 'bootcheck', key: diskKey(listed), path: listed.disk.path } }
        : { reason }),
    },
  ];
}

function contentBlocks(
  state: FlowState,
  listed: NonNullable<ReturnType<typeof diskByKey>>,
  words: Words,
): Block[] {
  const { disk: w, format } = words;
  const found = state.lookedAt === undefined ? undefined : state.inspected[state.lookedAt];
  if (found === undefined) return [...listedMap(listed, words), text(w.looking, 'warning')];
  if ('code' in found)
    return [
      ...listedMap(listed, words),
      text(problemText(found, words), 'danger'),
      text(problemHint(found, words)),
    ];
  const { table, sectorSize, regions } = found;
  const states: Readonly<Record<string, string>> = w.states;
  const kind = w.table[table.kind as keyof typeof w.table] as string | undefined;
  return [
    text(w.facts(kind ?? table.kind, sectorSize)),
    ...(table.diskId === undefined ? [] : [text(w.id(table.diskId))]),
    plannedMap(found, words, { explain: true }),
    {
      kind: 'table',
      header: w.header,
      align: ['left', 'left', 'left', 'right', 'right', 'left'],
      rows: regions.map((region) => [
        shortName(region, words),
        region.fileSystem === undefined ? '' : contentName(region.fileSystem.kind, words),
        region.fileSystem?.label ?? '',
        format.bytes(region.length),
        format.bytes(region.usedBytes),
        region.fileSystem === undefined ? '' : (states[region.fileSystem.state] ?? ''),
      ]),
    },
    ...regions.flatMap((region) => {
      const { raw } = region;
      if (raw === undefined || region.kind === 'gap') return [];
      const who = regionName(region, words);
      return [
        space,
        ...(raw.remedy === undefined ? [] : [text(`${who}: ${rawRemedy(raw, words)}`, 'warning')]),
        text(`${who}: ${rawReason(raw, words)}.`),
      ];
    }),
    ...regions.flatMap((region) =>
      region.warnings.map((warning) =>
        text(`${regionName(region, words)}: ${said(warning, words)}`, 'warning'),
      ),
    ),
    ...found.warnings.map((warning) => text(said(warning, words), 'warning')),
  ];
}

function shortName(region: Parameters<typeof regionName>[0], words: Words): string {
  return region.kind === 'head' ? region.name : regionName(region, words);
}
