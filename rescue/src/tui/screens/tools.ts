/** Tools: what a person at a machine without another system needs besides images. */
import type { FlowEvent } from '../flow/events.ts';
import type { NetworkCard } from '../flow/parts.ts';
import type { FlowState } from '../flow/state.ts';
import type { Block, Item, View } from '../view.ts';
import { text } from '../view.ts';
import { languages } from '../words/languages.ts';
import type { Words } from '../words/words.ts';

export function toolsView(state: FlowState, words: Words): View {
  const { tools: w, keys } = words;
  const tool = (id: string, label: string, detail: string | undefined, enter: FlowEvent): Item => ({
    kind: 'choice',
    id,
    label,
    ...(detail === undefined ? {} : { detail: [text(detail)] }),
    enter,
  });
  const ask = (action: 'reboot' | 'power-off'): FlowEvent => ({
    kind: 'ask',
    question: { id: action, yes: { kind: 'machine', action } },
  });
  return {
    step: 'tools',
    title: w.title,
    body: [],
    items: [
      tool('shell', w.shell, w.shellDetail, { kind: 'shell' }),
      ...(state.rescue ? [tool('logs', w.logs, w.logsDetail, { kind: 'show-logs' })] : []),
      tool('network', w.network, w.networkDetail, { kind: 'show-network' }),
      ...(state.rescue ? [tool('keyboard', w.keyboard, w.keyboardDetail, { kind: 'show-keyboard' })] : []),
      tool('language', w.language, undefined, { kind: 'go', step: 'language' }),
      ...(state.rescue
        ? [
            tool('clock', w.clock, w.clockDetail, { kind: 'go', step: 'clock' }),
            tool('reboot', w.reboot, undefined, ask('reboot')),
            tool('power-off', w.powerOff, undefined, ask('power-off')),
          ]
        : []),
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

export function logsView(state: FlowState, words: Words): View {
  const { logs: w, keys } = words;
  return {
    step: 'logs',
    title: w.title,
    body: (state.tools.logs ?? w.loading).split('\n').map((line) => text(line)),
    items: [],
    keys: [{ key: 'S', label: w.save, event: { kind: 'go', step: 'save-logs' } }],
    scrolls: true,
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

export function networkView(state: FlowState, words: Words): View {
  const { network: w, keys } = words;
  const shown = state.tools.network;
  return {
    step: 'network',
    title: w.title,
    body:
      shown === undefined
        ? [text(w.loading)]
        : shown.length === 0
          ? [text(w.none)]
          : shown.flatMap((card) => cardBlocks(card, words)),
    items: state.rescue
      ? [{ kind: 'choice', id: 'up', label: w.up, detail: [text(w.upDetail)], enter: { kind: 'network-up' } }]
      : [],
    keys: [{ key: 'R', label: keys.refresh, event: { kind: 'show-network' } }],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

function cardBlocks({ name, hardware, cable, addresses }: NetworkCard, { network: w }: Words): Block[] {
  const state =
    addresses.length > 0
      ? addresses.map((address) => text(address, 'good', 2))
      : [text(cable === undefined ? w.off : cable ? w.noAddress : w.noCable, 'plain', 2)];
  return [text(hardware === '' ? name : `${name} (${hardware})`, 'strong'), ...state];
}

export function keyboardView(state: FlowState, words: Words): View {
  const { keyboard: w, keys } = words;
  return {
    step: 'keyboard',
    title: w.title,
    question: w.question,
    body: [],
    items: (state.tools.keymaps ?? []).map(({ name, title }) => ({
      kind: 'choice',
      id: name,
      label: w.layouts[name] ?? title,
      enter: { kind: 'keymap', name },
    })),
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

export function languageView(words: Words): View {
  const { language: w, keys } = words;
  return {
    step: 'language',
    title: w.title,
    body: [],
    items: languages.map(({ id, name }) => ({
      kind: 'choice',
      id,
      label: name,
      enter: { kind: 'language', language: id },
    })),
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

export function clockView(state: FlowState, words: Words, now: Date): View {
  const { clock: w, keys, format } = words;
  const set = { kind: 'set-clock' } as const;
  const moment = format.moment(now.toISOString());
  return {
    step: 'clock',
    title: w.title,
    question: w.question(moment),
    body: [],
    items: [
      {
        kind: 'field',
        id: 'clock',
        field: 'clock',
        label: w.field,
        value: state.fields.clock ?? '',
        placeholder: moment,
        enter: set,
      },
      { kind: 'choice', id: 'set', label: w.set, enter: set },
    ],
    keys: [],
    enterLabel: w.set,
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}
