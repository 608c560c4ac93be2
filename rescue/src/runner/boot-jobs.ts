/** The jobs that come by themselves: the one of this start of the machine, and those that a host sends over a port. */
import { exitCodes, isPermafrostError, say, type ErrorReport } from '../engine/index.ts';
import { findBootJob, type BootJob, type FindOptions } from '../unattended/boot-job.ts';
import { openEventChannels, type EventChannels } from '../unattended/event-channels.ts';
import type { JobFileEvent, ResultEvent } from '../unattended/job-events.ts';
import { parseJobFile } from '../unattended/job-file.ts';
import { readJobPort, type PortLine } from '../unattended/job-port.ts';
import { runFileInHost } from './host-file-run.ts';
import type { LocalHost, Work } from './local-host.ts';
import { errorReportOf } from './run-view.ts';

export interface BootJobsOptions {
  readonly host: LocalHost;
  /** Where everything is told that happens to them. */
  readonly events: EventChannels;
  readonly signal: AbortSignal;
  readonly note: (note: string) => void;
  /** How long a job waits for its repository where its file does not say, in seconds. */
  readonly waitSeconds?: number;
  /** Look for the job of this start; a runner that is started again does not. */
  readonly search: boolean;
  readonly find?: (options: FindOptions) => Promise<BootJob | undefined>;
  readonly portLines?: (signal: AbortSignal) => AsyncIterable<PortLine>;
}

const PORT = 'the virtual serial port';

/** Runs until `signal` aborts, or there is no port. */
export async function runBootJobs(options: BootJobsOptions): Promise<void> {
  const { signal, portLines = readJobPort } = options;
  if (options.search) {
    const job = await searchBootJob(options);
    if (job !== undefined) void runJob(job, options);
  }
  for await (const line of portLines(signal)) {
    if ('problem' in line) {
      tell(options, `The port for jobs: ${line.problem}.`);
      continue;
    }
    let job: BootJob;
    try {
      job = { source: PORT, file: parseJobFile(line.text, `what came over ${PORT}`) };
    } catch (error) {
      options.note(errorReportOf(error).message);
      // Whoever sent it waits for this.
      options.events.write(failure(error));
      continue;
    }
    void runJob(job, options);
  }
}

/**
 * Occupies the host while it looks, so that a person sees what it waits for, and can end that. A job that a person
 * starts meanwhile is not refused, unless something is waited for: looking takes a moment.
 */
function searchBootJob(options: BootJobsOptions): Promise<BootJob | undefined> {
  const { host, find = findBootJob } = options;
  const notBrief = Promise.withResolvers<undefined>();
  const search = async ({ controller }: Work): Promise<() => BootJob | undefined> => {
    try {
      const found = await find({
        signal: AbortSignal.any([controller.signal, options.signal]),
        onWaiting: (waiting) => {
          notBrief.resolve(undefined);
          options.events.write({
            type: 'waiting',
            ...(waiting === undefined ? {} : { what: waiting }),
          });
          host.become({ kind: 'idle', ...(waiting === undefined ? {} : { waiting }) });
        },
        onNote: (note) => tell(options, note),
      });
      return () => found;
    } catch (error) {
      const report = errorReportOf(error);
      return () => {
        if (isPermafrostError(error, 'job/cancelled')) host.become({ kind: 'idle' });
        else {
          fail(options, report);
          host.become({ kind: 'idle', problem: { source: say('source/start'), error: report } });
        }
        return undefined;
      };
    }
  };
  return new Promise((resolve) => {
    host.occupy(
      'the search for a job of this start',
      async (work) => {
        const show = await search(work);
        return () => resolve(show());
      },
      notBrief.promise,
    );
  });
}

async function runJob(job: BootJob, options: BootJobsOptions): Promise<void> {
  const { host, events, note, waitSeconds } = options;
  note(`The job "${job.file.id}" came: ${job.source}.`);
  const own = await openEventChannels(job.file.progress, events.paths);
  const emit = (event: JobFileEvent): void => {
    events.write(event);
    own.write(event);
    if (event.type === 'result')
      note(`The job "${event.id}" has ended: ${event.outcome}; then: ${event.end}.`);
  };
  for (const problem of own.problems) {
    note(problem);
    emit({ type: 'note', note: problem });
  }
  try {
    await runFileInHost(host, job, {
      onEvent: emit,
      ...(waitSeconds === undefined ? {} : { waitSeconds }),
    });
  } catch (error) {
    // It has not begun: nothing else has said so.
    emit({ ...failure(error), id: job.file.id });
  } finally {
    await own.close();
  }
}

/** The result of a job that has not begun. */
function failure(error: unknown): Omit<ResultEvent, 'id'> {
  return {
    type: 'result',
    outcome: 'failed',
    exitCode: isPermafrostError(error) ? error.exitCode : exitCodes.failed,
    end: 'stay',
    error: errorReportOf(error),
  };
}

function tell({ events, note }: BootJobsOptions, text: string): void {
  note(text);
  events.write({ type: 'note', note: text } as JobFileEvent);
}

function fail({ events, note }: BootJobsOptions, error: ErrorReport): void {
  note(error.message);
  events.write({ type: 'error', ...error });
}
