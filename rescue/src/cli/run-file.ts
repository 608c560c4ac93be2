/** Carries out a job file at the console: lines or JSON for who reads along, and for the ports that the job names. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, PermafrostError, type Job } from '../engine/index.ts';
import { endMachine } from '../unattended/end-machine.ts';
import { openEventChannels } from '../unattended/event-channels.ts';
import type { JobEvent, JobFileEvent, ResultEvent } from '../unattended/job-events.ts';
import type { JobFile } from '../unattended/job-file.ts';
import { isRescueEnvironment } from '../unattended/network.ts';
import { runJobFile } from '../unattended/run-job-file.ts';
import type { Output } from './output.ts';
import { planLines } from './plan-lines.ts';
import { finishReport } from './report-lines.ts';

export interface RunFileOptions {
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
  /** Switch a machine off that is not the rescue environment. */
  readonly allowEnd: boolean;
}

/** Resolves to the exit code. */
export async function runFile(file: JobFile, options: RunFileOptions): Promise<number> {
  const { output, signal, dryRun, allowEnd } = options;
  const inRescue = await isRescueEnvironment();
  const channels = dryRun ? undefined : await openEventChannels(file.progress);
  let result: ResultEvent | undefined;
  const emit = (event: JobFileEvent): void => {
    channels?.write(event);
    if (event.type === 'result') result = event;
    else show(event, output);
  };
  let failure: Error | undefined;
  try {
    for (const note of channels?.problems ?? []) emit({ type: 'note', note });
    await runJobFile(file, {
      signal,
      emit,
      dryRun,
      ...(inRescue ? { waitSeconds: Infinity } : {}),
      onReady: async (event) => {
        if (!dryRun) await countDown(event, output, signal);
      },
    });
  } catch (error) {
    failure = error as Error;
  } finally {
    await channels?.close();
    // The last line is the result, whatever happened.
    if (result !== undefined && (result.error === undefined || output.json)) output.emit('result', result);
  }
  if (dryRun) {
    if (failure !== undefined) throw failure;
    return exitCodes.done;
  }
  const { id, outcome, recordPath, exitCode, end } = result!;
  if (failure === undefined)
    output.say(
      `Job "${id}": ${outcome}.${recordPath === undefined ? '' : ` The report is kept beside the images (${recordPath.split('/').slice(-3).join('/')}).`}`,
    );
  if (end !== 'stay') {
    if (inRescue || allowEnd) await endMachine(end);
    else
      output.say(
        `The job would end with ${end}; that is done in the rescue environment, or with --allow-end.`,
      );
  }
  if (failure !== undefined) throw failure;
  return exitCode;
}

function show(event: JobFileEvent, output: Output): void {
  switch (event.type) {
    case 'progress':
      output.progress(event);
      return;
    case 'report':
      finishReport(event, output);
      return;
    case 'result':
      return;
  }
  const { type, ...rest } = event;
  output.emit(type, rest);
  switch (event.type) {
    case 'job':
      output.print(`Job "${event.id}", images in ${event.repository}`);
      output.print(
        ...event.jobs.map(
          (job, i) => `  ${i + 1}. ${describe(job)}${i + 1 < event.firstStep ? ' (done)' : ''}`,
        ),
      );
      for (const disk of event.overwrites) output.print(`OVERWRITES ${disk}`);
      return;
    case 'step':
      output.print(
        '',
        `Step ${event.step} of ${event.steps}${event.continues ? ', which was interrupted, continues' : ''}`,
      );
      return;
    case 'plan':
      output.print(...planLines(event, output.width));
      return;
    case 'waiting':
      if (event.what !== undefined) output.say(`Waiting: ${event.what}.`);
      return;
    case 'note':
      output.say(`Note: ${event.note}`);
      return;
  }
}

function describe(job: Job): string {
  switch (job.kind) {
    case 'image':
      return `save an image of ${job.sources.join(', ')}`;
    case 'restore':
      return `OVERWRITE ${job.targets.map(({ target }) => target).join(', ')} with image ${job.image}`;
    case 'clone':
      return `OVERWRITE ${job.targets.join(', ')} with ${job.source}`;
    case 'verify':
      return `check ${job.image ?? 'all images'}`;
    case 'bootcheck':
      return `check whether what is on ${job.target} starts`;
  }
}

async function countDown({ countdownSeconds }: JobEvent, output: Output, signal: AbortSignal): Promise<void> {
  const plural = countdownSeconds === 1 ? '' : 's';
  if (countdownSeconds > 0) output.say(`It begins in ${countdownSeconds} second${plural}. Ctrl-C stops it.`);
  try {
    await sleep(countdownSeconds * 1000, undefined, { signal });
  } catch {
    throw new PermafrostError('job/cancelled', { kept: 'Nothing was written.' });
  }
}
