/** A job file before it begins: what it waits for, the seconds before it overwrites a disk, why it could not begin. */
import type { Job } from '../../engine/index.ts';
import type { CountdownState, FileProblem, IdleState } from '../../runner/job-host.ts';
import { space, text, type View } from '../view.ts';
import type { Words } from '../words/words.ts';
import { capital, problemHint, problemText, said } from './problem-words.ts';

export function beforeView({ waiting, problem }: IdleState, words: Words): View {
  return problem === undefined ? waitingView(waiting ?? '', words) : notBegunView(problem, words);
}

function waitingView(waiting: string, words: Words): View {
  const { jobFile: w, job } = words;
  return {
    step: 'home',
    title: w.waits,
    body: [text(`${capital(said(waiting, words))}.`, 'warning'), space, text(w.waitsDetail)],
    items: [],
    keys: [{ key: 'C', label: job.cancel, event: { kind: 'job', action: 'cancel' } }],
    back: { label: job.away, event: { kind: 'watch', on: false } },
    help: w.help,
  };
}

function notBegunView({ source, error, next }: FileProblem, words: Words): View {
  const { jobFile: w, report } = words;
  const dismiss = { kind: 'job', action: 'dismiss' } as const;
  return {
    step: 'home',
    title: w.notBegun,
    body: [
      ...(next === undefined ? [] : [text(report.next(next.action, next.secondsLeft), 'danger'), space]),
      text(w.cameFrom(said(source, words))),
      text(problemText(error, words), 'danger'),
      text(problemHint(error, words)),
    ],
    items: [{ kind: 'choice', id: 'again', label: report.again, enter: dismiss }],
    keys: [],
    back: { label: words.keys.home, event: dismiss },
    help: w.help,
  };
}

export function countdownView(host: CountdownState, words: Words): View {
  const { countdown: w } = words;
  const { file, jobs, overwrites, secondsLeft } = host;
  return {
    step: 'home',
    title: w.title,
    question: w.question(secondsLeft),
    body: [
      text(w.source(file.id, said(file.source, words))),
      space,
      ...(overwrites.length === 0
        ? [text(w.nothing, 'good')]
        : [text(w.overwrites, 'danger'), ...overwrites.map((disk) => text(disk, 'danger', 2))]),
      space,
      text(w.steps),
      ...jobs.map((job, i) => text(`${i + 1}. ${jobWords(job, words)}`, 'plain', 2)),
    ],
    items: [],
    keys: [],
    back: { label: w.stop, event: { kind: 'job', action: 'cancel' } },
    help: w.help,
    danger: overwrites.length > 0,
  };
}

function jobWords(job: Job, { countdown: w, plan }: Words): string {
  switch (job.kind) {
    case 'image':
      return w.image(job.sources.join(', '));
    case 'restore':
      return w.restore(job.image, job.targets.map(({ target }) => target).join(', '));
    case 'clone':
      return w.clone(job.source, job.targets.join(', '));
    case 'verify':
      return w.verify(job.image === undefined ? plan.verifyAll : plan.verifyOne(job.image));
    case 'bootcheck':
      return w.bootcheck(job.target);
  }
}
