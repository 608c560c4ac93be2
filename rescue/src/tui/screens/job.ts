/** A job while it runs: how far it is, region by region, what could not be read, and how to stop it. */
import type { DiskPlan, Gap, Progress, RegionPlan } from '../../engine/index.ts';
import type { CountdownState, HostState, IdleState, LostState, RunningState } from '../../runner/job-host.ts';
import { regionKey } from '../flow/reduce-world.ts';
import type { FlowState } from '../flow/state.ts';
import type { Block, Shortcut, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { identityWords, plannedMap, regionName } from './disk-words.ts';
import { beforeView, countdownView } from './job-file.ts';
import { problemHint, problemText, said } from './problem-words.ts';
import { reportView } from './report.ts';

const SHOWN_GAPS = 4;

export function jobView(state: FlowState, words: Words): View {
  const { host } = state;
  const views: { [K in HostState['kind']]: () => View } = {
    idle: () => beforeView(host as IdleState, words),
    countdown: () => countdownView(host as CountdownState, words),
    running: () => runningView(host as RunningState, state, words),
    ended: () => reportView(state, words),
    lost: () => lostView(host as LostState, words),
  };
  return views[host.kind]();
}

function runningView(host: RunningState, state: FlowState, words: Words): View {
  const { job: w } = words;
  const { plan, progress, paused, cancelling, run } = host;
  const shortcuts: Shortcut[] = cancelling
    ? []
    : [
        paused
          ? { key: 'P', label: w.resume, event: { kind: 'job', action: 'resume' } }
          : { key: 'P', label: w.pause, event: { kind: 'job', action: 'pause' } },
        {
          key: 'C',
          label: w.cancel,
          event: { kind: 'ask', question: { id: 'cancel-job', yes: { kind: 'job', action: 'cancel' } } },
        },
      ];
  return {
    step: 'home',
    title: w.title[run.job.kind],
    body: [
      ...(run.file === undefined
        ? []
        : [text(w.step(run.file.step, run.file.steps, said(run.file.source, words)))]),
      ...(cancelling
        ? [text(w.cancelling, 'warning')]
        : paused
          ? [text(w.paused, 'warning')]
          : host.waiting === undefined
            ? []
            : [text(w.waiting(said(host.waiting, words)), 'warning')]),
      ...(progress === undefined ? [text(w.planning, 'strong')] : progressBlocks(progress, paused, words)),
      ...(plan?.disks ?? []).flatMap((disk, i) => diskBlocks(disk, progress, state, words, i === 0)),
      ...gapBlocks(host.gaps, host.gapCount, words),
    ],
    items: [],
    keys: shortcuts,
    scrolls: true,
    back: { label: w.away, event: { kind: 'watch', on: false } },
    help: state.rescue ? w.help : w.helpInProcess,
  };
}

function progressBlocks(progress: Progress, paused: boolean, words: Words): Block[] {
  const { job: w, format } = words;
  const { phase, doneBytes, totalBytes, bytesPerSecond, secondsLeft, subject } = progress;
  const { newBytes, storedBytes, reusedBytes, badBytes } = progress;
  const rate = paused ? [] : [format.rate(bytesPerSecond)];
  const left = paused || secondsLeft === undefined ? [] : [w.left(format.duration(secondsLeft))];
  const facts = [
    ...(newBytes === undefined ? [] : [w.fresh(format.bytes(newBytes), format.bytes(storedBytes ?? 0))]),
    ...(reusedBytes === undefined || reusedBytes === 0 ? [] : [w.found(format.bytes(reusedBytes))]),
  ];
  return [
    text(w.phases[phase], 'strong'),
    {
      kind: 'bar',
      label: totalBytes === undefined ? w.phases[phase] : format.share(doneBytes, totalBytes),
      ...(totalBytes === undefined ? {} : { share: totalBytes === 0 ? 1 : doneBytes / totalBytes }),
    },
    ...(totalBytes === undefined
      ? []
      : [text([w.doneOf(format.bytes(doneBytes), format.bytes(totalBytes)), ...rate, ...left].join('   '))]),
    ...(subject === '' ? [] : [text(w.now(subjectWords(progress, words)))]),
    ...(facts.length === 0 ? [] : [text(facts.join('   '))]),
    ...(badBytes > 0 ? [text(w.bad(format.bytes(badBytes)), 'danger')] : []),
  ];
}

/** What is worked on: a disk, and which part of it. */
function subjectWords({ subject, region }: Progress, words: Words): string {
  if (region === undefined || !subject.endsWith(` ${region.name}`)) return subject;
  return `${subject.slice(0, -region.name.length)}${said(region.name, words)}`;
}

function diskBlocks(
  disk: DiskPlan,
  progress: Progress | undefined,
  state: FlowState,
  words: Words,
  isFirst: boolean,
): Block[] {
  const { format } = words;
  const done = (region: RegionPlan): number => {
    const bytes = state.regionDone[regionKey(disk.number, region.name)] ?? 0;
    return Math.min(bytes, region.usedBytes);
  };
  const current = progress?.region;
  const shown = disk.regions.filter(({ included, usedBytes }) => included && usedBytes > 0);
  return [
    space,
    text(identityWords(disk.identity, words), 'strong'),
    plannedMap(disk, words, { explain: isFirst, doneBytes: done }),
    {
      kind: 'table',
      align: ['left', 'left', 'right', 'right'],
      rows: shown.map((region) => [
        current?.disk === disk.number && current.name === region.name ? '>' : ' ',
        regionName(region, words),
        format.share(done(region), region.usedBytes),
        format.bytes(region.usedBytes),
      ]),
    },
  ];
}

export function gapBlocks(gaps: readonly Gap[], gapCount: number, words: Words): Block[] {
  const { job: w, format } = words;
  if (gapCount === 0) return [];
  return [
    space,
    text(w.gaps(gapCount), 'danger'),
    ...gaps
      .slice(-SHOWN_GAPS)
      .map(({ region, length, offset, reason }) =>
        text(w.gap(said(region, words), format.bytes(length), offset, said(reason, words)), 'warning', 2),
      ),
  ];
}

function lostView(host: LostState, words: Words): View {
  const { lost: w, keys } = words;
  return {
    step: 'home',
    title: w.title,
    question: w.question,
    body: [
      text(problemText(host.error, words), 'danger'),
      text(problemHint(host.error, words)),
      space,
      text(w.log),
    ],
    items: [],
    keys: [],
    back: { label: keys.home, event: { kind: 'watch', on: false } },
    help: w.help,
  };
}
