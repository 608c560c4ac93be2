/** What a job did: the end in one sentence, what came of it, and what to do next. */
import type { Report } from '../../engine/index.ts';
import type { FlowEvent } from '../flow/events.ts';
import type { FlowState } from '../flow/state.ts';
import type { Tone } from '../theme.ts';
import type { Block, Item, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { bootBlocks } from './boot-report.ts';
import { reportWords } from './place-words.ts';
import { problemHint, problemText, said } from './problem-words.ts';

const SHOWN_GAPS = 8;

export function reportView(state: FlowState, words: Words): View {
  const { report: w, keys } = words;
  const { host } = state;
  if (host.kind !== 'ended') throw new Error('there is no report before the end');
  const { report, error, reportPaths, next, run } = host;
  const problem = report?.error ?? error;
  const outcome = report?.outcome ?? (error?.code === 'job/cancelled' ? 'cancelled' : 'failed');
  const dismiss: FlowEvent = { kind: 'job', action: 'dismiss' };
  const items: Item[] = [
    ...(run.job.kind === 'image' && report?.image !== undefined
      ? [{ kind: 'choice', id: 'verify', label: w.verifyIt, enter: { kind: 'verify-it' } } as const]
      : []),
    { kind: 'choice', id: 'again', label: w.again, enter: dismiss },
    ...(state.rescue
      ? ([
          {
            kind: 'choice',
            id: 'power-off',
            label: w.powerOff,
            enter: { kind: 'machine', action: 'power-off' },
          },
          { kind: 'choice', id: 'reboot', label: w.reboot, enter: { kind: 'machine', action: 'reboot' } },
        ] as const)
      : []),
  ];
  return {
    step: 'home',
    title: w.title[outcome],
    body: [
      ...(next === undefined ? [] : [text(w.next(next.action, next.secondsLeft), 'danger'), space]),
      ...(report === undefined ? [] : outcomeBlocks(report, words)),
      ...(problem === undefined || problem.code === 'job/cancelled'
        ? []
        : [text(problemText(problem, words), 'danger'), text(problemHint(problem, words)), space]),
      ...(outcome === 'cancelled' ? [text(w.cancelled)] : []),
      ...(outcome === 'cancelled' && run.job.kind === 'image' ? [text(w.cancelledImage)] : []),
      ...(['cancelled', 'failed'].includes(outcome) && wasBegun(report)
        ? run.job.kind === 'restore'
          ? [text(w.cancelledTarget, 'danger')]
          : run.job.kind === 'clone'
            ? [text(w.clone.incomplete, 'danger')]
            : []
        : []),
      ...(report === undefined
        ? []
        : [
            ...newIdsBlocks(report, words),
            ...bootBlocks(report, words),
            ...gapList(report, words),
            ...noteBlocks(report, words),
          ]),
      ...(reportPaths.length === 0
        ? []
        : [
            space,
            text(w.paths),
            ...reportPaths.map((path) => text(reportWords(state, path, words), 'plain', 2)),
          ]),
    ],
    items,
    keys: [],
    back: { label: keys.home, event: dismiss },
    help: w.help,
  };
}

/** Something was written to the target. */
function wasBegun(report: Report | undefined): boolean {
  return report?.phases.some(({ phase }) => phase === 'clearing' || phase === 'writing') === true;
}

function outcomeBlocks(report: Report, words: Words): Block[] {
  const { format, report: w, common } = words;
  const { job, outcome, sums, seconds } = report;
  const sum = (name: string): number => sums[name] ?? 0;
  const took = format.duration(seconds);
  if (outcome === 'failed' || outcome === 'cancelled') return [];
  const tone: Tone = outcome === 'done' ? 'good' : 'danger';
  switch (job.kind) {
    case 'image': {
      const name = report.image?.name ?? '';
      const sentence = outcome === 'done' ? w.image.done : w.image['done-with-gaps'];
      return [
        text(sentence(name, took), tone),
        text(
          w.used(format.bytes(sum('usedBytes')), format.rate(seconds > 0 ? sum('usedBytes') / seconds : 0)),
        ),
        text(
          w.stored(
            format.bytes(sum('newBytes')),
            format.bytes(sum('storedBytes')),
            format.bytes(sum('reusedBytes')),
          ),
        ),
        ...(sum('salvagedBytes') > 0 ? [text(w.salvaged(format.bytes(sum('salvagedBytes'))))] : []),
        text(w.notChecked, 'warning'),
      ];
    }
    case 'restore':
      if (outcome === 'does-not-verify') return [];
      return [
        text((outcome === 'done' ? w.restore.done : w.restore['done-with-gaps'])(took), tone),
        text(w.written(format.bytes(sum('writtenBytes')))),
        report.verified === true ? text(w.verified, 'good') : text(w.notVerified, 'warning'),
      ];
    case 'clone': {
      const targets = report.targets ?? [];
      const good = targets.filter((target) => target.outcome.startsWith('done')).length;
      const sentence = outcome === 'done-with-gaps' ? w.clone['done-with-gaps'] : w.clone.done;
      return [
        outcome === 'done-in-part' || outcome === 'does-not-verify'
          ? text(w.clone.part(good, targets.length), tone)
          : text(sentence(took), tone),
        ...targets.flatMap(({ identity, error }) =>
          error === undefined
            ? []
            : [
                text(`${identity.path}: ${problemText(error, words)}`, 'danger'),
                text(problemHint(error, words), 'plain', 2),
              ],
        ),
        report.verified === true ? text(w.clone.verified, 'good') : text(w.notVerified, 'warning'),
      ];
    }
    case 'verify': {
      const images = common.images(sum('images'));
      return outcome === 'done'
        ? [text(w.verify.done(images, format.bytes(sum('verifiedBytes')), took), 'good')]
        : [text(w.verify.damaged(sum('imagesDamaged'), images), 'danger')];
    }
    case 'bootcheck':
      return [];
  }
}

/** Every identifier that was changed, and every file that names one. */
function newIdsBlocks({ newIds = [] }: Report, words: Words): Block[] {
  const { report: w } = words;
  return newIds.flatMap(({ identity, changes }) => [
    space,
    text(w.newIds(identity.path, changes.length)),
    ...changes.map(({ what, partition, file, from, to }) => {
      const { whose } = words.plan.newIds;
      const number = String(partition ?? '');
      const where = what === 'reference' ? `${whose['file-system'](number)}, ${file!}` : whose[what](number);
      return text(`${where}: ${from} → ${to}`, 'plain', 2);
    }),
  ]);
}

function gapList(report: Report, words: Words): Block[] {
  const { report: w, job, format } = words;
  const total = report.gaps.length + report.gapsLeftOut;
  if (total === 0) return [];
  const more = total - Math.min(SHOWN_GAPS, report.gaps.length);
  return [
    space,
    text(w.gaps(total), 'danger'),
    ...report.gaps
      .slice(0, SHOWN_GAPS)
      .map(({ region, length, offset, reason }) =>
        text(job.gap(said(region, words), format.bytes(length), offset, said(reason, words)), 'warning', 2),
      ),
    ...(more > 0 ? [text(w.moreGaps(more), 'plain', 2)] : []),
  ];
}

function noteBlocks(report: Report, words: Words): Block[] {
  if (report.warnings.length === 0) return [];
  return [
    space,
    text(words.report.notes, 'warning'),
    ...report.warnings.map((warning) => text(said(warning, words), 'warning', 2)),
  ];
}
