/** The first screen: what can be done, in plain words. */
import { VERSION } from '../../engine/index.ts';
import type { Item, View } from '../view.ts';
import { text } from '../view.ts';
import { nextLanguage } from '../words/languages.ts';
import type { Words } from '../words/words.ts';
import type { FlowEvent } from '../flow/events.ts';
import type { Flow } from '../flow/parts.ts';
import { hasJobPage, type FlowState } from '../flow/state.ts';
import { busyReason } from './problem-words.ts';

export function homeView(state: FlowState, words: Words): View {
  const { home, common, keys } = words;
  const { host, rescue } = state;
  const busy = busyReason(host, words);
  const other = nextLanguage(state.language);
  const begin = (flow: Flow, label: string, detail: string): Item => ({
    kind: 'choice',
    id: flow,
    label,
    // Where it cannot be done, why not is what matters, and there is no room for both.
    ...(busy === undefined
      ? { detail: [text(detail)], enter: { kind: 'begin', flow } as const }
      : { reason: busy }),
  });
  const leave: FlowEvent = {
    kind: 'ask',
    question:
      host.kind === 'running' && !rescue
        ? { id: 'leave-job', yes: { kind: 'leave' } }
        : { id: 'leave', yes: { kind: 'leave' } },
  };
  return {
    step: 'home',
    title: `${common.product} ${VERSION}`,
    question: home.title,
    body: state.isRoot ? [] : [text(common.notRoot, 'warning')],
    items: [
      ...(!hasJobPage(host)
        ? []
        : [
            {
              kind: 'choice',
              id: 'job',
              label: host.kind === 'ended' ? home.jobEnded : host.kind === 'idle' ? home.jobWaits : home.job,
              enter: { kind: 'watch', on: true },
            } as const,
          ]),
      begin('image', home.image, home.imageDetail),
      begin('restore', home.restore, home.restoreDetail),
      begin('clone', home.clone, home.cloneDetail),
      begin('verify', home.verify, home.verifyDetail),
      {
        kind: 'choice',
        id: 'disks',
        label: home.disks,
        detail: [text(home.disksDetail)],
        enter: { kind: 'go', step: 'disks' },
      },
      {
        kind: 'choice',
        id: 'tools',
        label: home.tools,
        detail: [text(rescue ? home.toolsDetail : home.toolsDetailPlain)],
        enter: { kind: 'go', step: 'tools' },
      },
    ],
    keys: [
      { key: 'F2', label: other.name, event: { kind: 'language', language: other.id } },
      ...(rescue ? [] : [{ key: 'Q', label: keys.leave, event: leave }]),
    ],
    ...(rescue ? {} : { back: { label: keys.leave, event: leave } }),
    keysHelp: home.keysHelp,
    help: [...home.help, ...(rescue ? [home.readOnly] : [])],
  };
}
