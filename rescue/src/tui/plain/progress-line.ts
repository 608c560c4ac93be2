/** How far a job is, in one line. */
import type { HostState } from '../../runner/job-host.ts';
import type { Words } from '../words/words.ts';
import { said } from '../screens/problem-words.ts';

/** The line, and one for each gap since `knownGaps` of them were said. */
export function progressLine(host: HostState, knownGaps: number, words: Words): string[] {
  const { job: w, format, countdown } = words;
  if (host.kind === 'countdown') return [countdown.question(host.secondsLeft)];
  if (host.kind !== 'running') return [];
  const { progress, paused, cancelling, waiting, gaps, gapCount } = host;
  const state = cancelling
    ? w.cancelling
    : paused
      ? w.paused
      : waiting === undefined
        ? undefined
        : w.waiting(said(waiting, words));
  const facts =
    progress === undefined
      ? [w.planning]
      : [
          w.phases[progress.phase],
          ...(progress.totalBytes === undefined
            ? []
            : [
                format.share(progress.doneBytes, progress.totalBytes),
                w.doneOf(format.bytes(progress.doneBytes), format.bytes(progress.totalBytes)),
                ...(paused ? [] : [format.rate(progress.bytesPerSecond)]),
              ]),
          ...(paused || progress.secondsLeft === undefined
            ? []
            : [w.left(format.duration(progress.secondsLeft))]),
          ...(progress.badBytes > 0 ? [w.bad(format.bytes(progress.badBytes))] : []),
        ];
  const fresh = Math.max(0, Math.min(gaps.length, gapCount - knownGaps));
  return [
    ...(state === undefined ? [] : [state]),
    facts.join(', '),
    ...(fresh === 0
      ? []
      : gaps
          .slice(-fresh)
          .map(({ region, length, offset, reason }) => w.gap(region, format.bytes(length), offset, reason))),
  ];
}
