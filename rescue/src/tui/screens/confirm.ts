/** The last question before a disk is overwritten: what tells it apart is typed, not nodded at. */
import { confirmationText, type DiskPlan } from '../../engine/index.ts';
import type { Field } from '../flow/parts.ts';
import type { FlowState } from '../flow/state.ts';
import type { Block, Item, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { identityWords } from './disk-words.ts';
import { lostBlocks } from './lost.ts';

/** What must be typed for a disk of the plan. */
export function wantedText(disk: DiskPlan, state: FlowState): string {
  return confirmationText(
    disk.identity,
    (state.disks ?? []).map((listed) => listed.disk),
  );
}

/** Whether everything that is asked for was typed. */
export function isConfirmed(state: FlowState): boolean {
  const disks = state.plan?.disks ?? [];
  return (
    disks.length > 0 &&
    disks.every((disk) => state.fields[confirmField(disk)]?.trim() === wantedText(disk, state))
  );
}

function confirmField({ number }: DiskPlan): Field {
  return `confirm${number}`;
}

export function confirmView(state: FlowState, words: Words): View {
  const { confirm: w, keys } = words;
  const disks = state.plan?.disks ?? [];
  const confirmed = isConfirmed(state);
  const next = confirmed
    ? ({ kind: 'confirm' } as const)
    : ({ kind: 'notice', notice: { id: 'confirm-wrong', subject: '', bad: true } } as const);
  return {
    step: 'confirm',
    title: w.title,
    question: w.question,
    body: disks.flatMap((disk, i): Block[] => [
      ...(i === 0 ? [] : [space]),
      text(words.plan.on(identityWords(disk.identity, words)), 'strong'),
      ...(state.plan === undefined ? [] : lostBlocks(disk, state.plan, state, words)),
    ]),
    items: [
      ...disks.map((disk): Item => {
        const field = confirmField(disk);
        const wanted = wantedText(disk, state);
        const { serial, path } = disk.identity;
        const isLong = wanted.includes(path);
        return {
          kind: 'field',
          id: field,
          field,
          label: isLong ? path : w.typed,
          value: state.fields[field] ?? '',
          detail: [
            text(
              isLong
                ? `${w.type(path)} ${w.typeLong(wanted)}`
                : [w.type(path), `${w.typeSerial}.`, w.serialIs(serial ?? '')].join(' '),
            ),
          ],
          enter: next,
        };
      }),
      confirmed
        ? { kind: 'choice', id: 'go', label: w.go, tone: 'danger', enter: next }
        : { kind: 'choice', id: 'go', label: w.go, reason: w.wrong },
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
    danger: true,
  };
}
