/** Choosing disks: those to save, the one to overwrite, those to look at. */
import type { ListedDisk, Manifest } from '../../engine/index.ts';
import { chosenImage, diskKey, type FlowState } from '../flow/state.ts';
import type { Block, ChoiceItem, Item, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { diskFacts, diskTitle, imagedDiskName, leastBytes, limitBlocks, listedMap } from './disk-words.ts';
import { useWords } from './place-words.ts';

export function sourcesView(state: FlowState, words: Words): View {
  const { sources: w, keys } = words;
  const copies = state.flow === 'clone';
  const marked = new Set(state.sources.map(({ key }) => key));
  const file = state.fields.file?.trim() ?? '';
  const markedFiles = state.sources.filter(({ key }) => !key.includes('#'));
  return {
    step: 'sources',
    title: copies ? words.copies.title : w.title,
    question: copies ? words.copies.source : w.question,
    body: diskListStatus(state, words),
    items: [
      ...(state.disks ?? []).map((listed): ChoiceItem => {
        const reason = useReason(listed, words);
        const { path } = listed.disk;
        return {
          ...diskItem(listed, state, words),
          ...(reason === undefined
            ? {
                enter: { kind: 'sources-chosen', key: diskKey(listed), path },
                ...(copies ? {} : { space: { kind: 'mark-source', key: diskKey(listed), path } }),
                ...(copies || marked.size === 0 ? {} : { marked: marked.has(diskKey(listed)) }),
              }
            : { reason }),
        };
      }),
      ...(copies ? [] : markedFiles).map(({ key, path }): ChoiceItem => ({
        kind: 'choice',
        id: key,
        label: path,
        marked: true,
        enter: { kind: 'sources-chosen' },
        space: { kind: 'mark-source', key, path },
      })),
      plugItem(w.plug),
      {
        kind: 'field',
        id: 'file',
        field: 'file',
        label: w.file,
        value: state.fields.file ?? '',
        placeholder: w.filePlaceholder,
        ...(file === '' ? {} : { enter: { kind: 'sources-chosen', key: file, path: file } }),
      },
    ],
    keys: [],
    enterLabel: keys.goOn,
    back: { label: keys.back, event: { kind: 'back' } },
    help: copies ? words.copies.sourceHelp : w.help,
    ...(copies ? {} : { keysHelp: w.keysHelp }),
  };
}

export function targetView(state: FlowState, words: Words): View {
  const { target: w, keys, format } = words;
  const image = chosenImage(state);
  const part = image?.disks.find(({ number }) => number === state.parts[state.targets.length]);
  const file = state.fields.file?.trim() ?? '';
  return {
    step: 'target',
    title: w.title,
    question:
      part === undefined ? w.title : w.question(imagedDiskName(part, words), format.bytes(part.sizeBytes)),
    body: [text(w.warning, 'danger'), ...diskListStatus(state, words)],
    items: [
      ...(state.disks ?? []).map((listed): ChoiceItem => {
        const reason = targetReason(listed, state, part, words);
        const isSame = part?.serial !== undefined && part.serial === listed.disk.serial;
        const item = diskItem(listed, state, words);
        return {
          ...item,
          detail: [
            ...(isSame ? [text(w.same, 'good')] : []),
            ...(part === undefined || reason !== undefined ? [] : otherSize(listed, part, words)),
            ...(item.detail ?? []),
          ],
          ...(reason === undefined
            ? { enter: { kind: 'choose-target', key: diskKey(listed), path: listed.disk.path } }
            : { reason }),
        };
      }),
      plugItem(words.sources.plug),
      {
        kind: 'field',
        id: 'file',
        field: 'file',
        label: w.file,
        value: state.fields.file ?? '',
        placeholder: words.sources.filePlaceholder,
        ...(file === '' ? {} : { enter: { kind: 'choose-target', key: file, path: file } }),
      },
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
    danger: true,
  };
}

export function disksView(state: FlowState, words: Words): View {
  const { disks: w, keys } = words;
  return {
    step: 'disks',
    title: w.title,
    question: w.question,
    body: diskListStatus(state, words),
    items: [
      ...(state.disks ?? []).map((listed): ChoiceItem => {
        const reason = useReason(listed, words);
        const item = diskItem(listed, state, words);
        return {
          ...item,
          detail: [...(item.detail ?? []), ...(reason === undefined ? [] : [text(reason, 'warning')])],
          enter: { kind: 'look-at', key: diskKey(listed), path: listed.disk.path },
        };
      }),
      plugItem(w.plug),
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

export function plugView(words: Words): View {
  const { plug, keys } = words;
  return {
    step: 'plug',
    title: plug.title,
    question: plug.question,
    body: [text(plug.already)],
    items: [],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: plug.help,
  };
}

export function plugItem(label: string): Item {
  return { kind: 'choice', id: 'plug', label, enter: { kind: 'plug' } };
}

/** A disk with its facts and its map; what Enter does is up to the page. */
export function diskItem(listed: ListedDisk, state: FlowState, words: Words): ChoiceItem {
  const key = diskKey(listed);
  const detail: Block[] = [
    text(diskFacts(listed, words)),
    ...limitBlocks(listed, words),
    ...listedMap(listed, words),
  ];
  return {
    kind: 'choice',
    id: key,
    label: diskTitle(listed, words),
    ...(state.fresh.includes(key) ? { aside: words.common.new } : {}),
    detail,
  };
}

export function diskListStatus({ disks }: FlowState, words: Words): Block[] {
  if (disks === undefined) return [text(words.common.listing, 'warning'), space];
  return disks.length === 0 ? [text(words.common.noDisks, 'warning'), space] : [];
}

/** Why a disk cannot be read as a whole; undefined if it can. */
export function useReason({ uses }: ListedDisk, words: Words): string | undefined {
  const [first] = uses.filter(({ kind }) => kind !== 'read-only');
  return first === undefined ? undefined : words.common.inUse(useWords(first, words));
}

/** What is worth knowing of a target that is not like the source: the plan says whether it can be done. */
export function otherSize(
  { disk }: Pick<ListedDisk, 'disk'>,
  source: { readonly sizeBytes: number; readonly sectorSize: number },
  { target: w, format }: Words,
): Block[] {
  return [
    ...(disk.sizeBytes < source.sizeBytes
      ? [
          text(
            w.smaller(format.bytes(source.sizeBytes - disk.sizeBytes), format.bytes(source.sizeBytes)),
            'warning',
          ),
        ]
      : []),
    ...(disk.sectorSize === source.sectorSize
      ? []
      : [text(w.sectors(disk.sectorSize, source.sectorSize), 'warning')]),
  ];
}

function targetReason(
  listed: ListedDisk,
  state: FlowState,
  part: Manifest['disks'][number] | undefined,
  words: Words,
): string | undefined {
  const { target: w, format } = words;
  const { disk, uses } = listed;
  // First what nothing can change.
  if (state.place?.disks.includes(disk.path) === true) return w.isPlace;
  if (state.targets.some(({ path }) => path === disk.path)) return w.chosen;
  if (uses.some(({ kind }) => kind === 'read-only')) return w.readOnly;
  const needed = part === undefined ? 0 : leastBytes(part);
  if (disk.sizeBytes < needed) return w.small(format.bytes(needed - disk.sizeBytes), format.bytes(needed));
  return useReason(listed, words);
}
