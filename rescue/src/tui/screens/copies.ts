/** Copying a disk: which disks become a copy of it. */
import type { ListedDisk } from '../../engine/index.ts';
import { diskByKey, diskKey, type FlowState } from '../flow/state.ts';
import type { ChoiceItem, View } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { diskItem, diskListStatus, otherSize, plugItem, useReason } from './sources.ts';

export function copiesView(state: FlowState, words: Words): View {
  const { copies: w, target, keys } = words;
  const marked = new Set(state.copies.map(({ key }) => key));
  const file = state.fields.copyFile?.trim() ?? '';
  const from = diskByKey(state, state.sources[0]?.key);
  const mark = (key: string, path: string) =>
    ({
      enter: { kind: 'copies-chosen', key, path },
      space: { kind: 'mark-copy', key, path },
      ...(marked.size === 0 ? {} : { marked: marked.has(key) }),
    }) as const;
  return {
    step: 'copies',
    title: w.title,
    question: w.question,
    body: [text(target.warning, 'danger'), ...diskListStatus(state, words)],
    items: [
      ...(state.disks ?? []).map((listed): ChoiceItem => {
        const reason = copyReason(listed, state, words);
        const item = diskItem(listed, state, words);
        return {
          ...item,
          detail: [
            ...(from === undefined || reason !== undefined ? [] : otherSize(listed, from.disk, words)),
            ...(item.detail ?? []),
          ],
          ...(reason === undefined ? mark(diskKey(listed), listed.disk.path) : { reason }),
        };
      }),
      ...state.copies
        .filter(({ key }) => !key.includes('#'))
        .map(({ key, path }): ChoiceItem => ({ kind: 'choice', id: key, label: path, ...mark(key, path) })),
      plugItem(words.sources.plug),
      {
        kind: 'field',
        id: 'file',
        field: 'copyFile',
        label: target.file,
        value: state.fields.copyFile ?? '',
        placeholder: words.sources.filePlaceholder,
        ...(file === '' ? {} : { enter: { kind: 'copies-chosen', key: file, path: file } }),
      },
    ],
    keys: [],
    enterLabel: keys.goOn,
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
    keysHelp: w.keysHelp,
    danger: true,
  };
}

/** Why a disk cannot become a copy; undefined if it can. */
function copyReason(listed: ListedDisk, state: FlowState, words: Words): string | undefined {
  const { copies: w, target } = words;
  const { disk, uses } = listed;
  const [source] = state.sources;
  if (disk.path === source?.path) return w.isSource;
  const inUse = useReason(listed, words);
  if (inUse !== undefined) return inUse;
  return uses.some(({ kind }) => kind === 'read-only') ? target.readOnly : undefined;
}
