/** Choosing an image, and of an image with several disks those that are put back. */
import type { Manifest } from '../../engine/index.ts';
import { EVERYTHING } from '../flow/job.ts';
import { chosenImage, type FlowState } from '../flow/state.ts';
import type { ChoiceItem, Item, View } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { imagedDiskName } from './disk-words.ts';
import { said } from './problem-words.ts';

export function imagesView(state: FlowState, words: Words): View {
  const { images: w, keys, common } = words;
  const flow = state.flow === 'restore' ? 'restore' : 'verify';
  const listed = state.images ?? { images: [], damaged: [] };
  const everything: Item[] =
    flow === 'verify' && listed.images.length > 0
      ? [
          {
            kind: 'choice',
            id: EVERYTHING,
            label: w.everything,
            aside: common.images(listed.images.length),
            enter: { kind: 'choose-image', image: EVERYTHING },
          },
        ]
      : [];
  return {
    step: 'images',
    title: w.title,
    question: w.question[flow],
    body: [
      ...(listed.images.length === 0 ? [text(w.none, 'warning')] : []),
      ...listed.damaged.map(({ id, problem }) =>
        text(w.damaged(id.slice(0, 8), said(problem, words)), 'warning'),
      ),
    ],
    items: [...everything, ...listed.images.toReversed().map((image) => imageItem(image, words))],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

function imageItem(image: Manifest, words: Words): ChoiceItem {
  const { images: w, format } = words;
  const { hostname, model } = image.machine;
  const machine = model === undefined ? hostname : `${hostname} (${model})`;
  return {
    kind: 'choice',
    id: image.id,
    label: `${image.sequence}  ${image.name}`,
    aside: format.moment(image.created),
    detail: image.disks.map((disk) => {
      const used = disk.regions.reduce((sum, { sums }) => sum + sums.usedBytes, 0);
      return text(
        `${imagedDiskName(disk, words)}, ${w.usedOf(format.bytes(used), format.bytes(disk.sizeBytes))}, ${w.from(machine)}`,
      );
    }),
    enter: { kind: 'choose-image', image: image.id },
  };
}

export function partsView(state: FlowState, words: Words): View {
  const { parts: w, keys, format } = words;
  const image = chosenImage(state);
  return {
    step: 'parts',
    title: w.title,
    question: w.question,
    body: [],
    items: [
      ...(image?.disks ?? []).map((disk): Item => ({
        kind: 'check',
        id: `disk${disk.number}`,
        label: `${imagedDiskName(disk, words)}, ${format.bytes(disk.sizeBytes)}`,
        checked: state.parts.includes(disk.number),
        toggle: { kind: 'part', disk: disk.number },
      })),
      { kind: 'choice', id: 'go-on', label: w.goOn, enter: { kind: 'parts-chosen' } },
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}
