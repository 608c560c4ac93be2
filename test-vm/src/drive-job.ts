/** Hands a job file to a guest and follows it to its result. */
import type { JobEvent, JobPort } from './job-port.ts';
import type { Machine } from './machine.ts';

/** The last event of a job. */
export interface JobResult {
  readonly exitCode: number;
  /** What the machine does next: `stay`, `power-off`, `reboot`. */
  readonly end: string;
  readonly outcome: string;
  /** Of the error that ended the job, where one did. */
  readonly errorCode?: string;
}

/** Waits for the result of the job whose events begin at `since`; rejects if the machine goes off without one. */
export async function resultOf(port: JobPort, seconds: number, since = 0): Promise<JobResult> {
  const event = await port.event(isResult, seconds, 'the job has ended', since);
  const { exitCode, end, outcome, error } = event;
  if (typeof exitCode !== 'number' || !Number.isInteger(exitCode) || exitCode < 0 || exitCode > 255)
    throw new Error(`the job's result has no exit code: ${JSON.stringify(event).slice(0, 300)}`);
  const errorCode = (error as { code?: unknown } | null | undefined)?.code;
  return {
    exitCode,
    end: String(end),
    outcome: String(outcome),
    ...(typeof errorCode === 'string' ? { errorCode } : {}),
  };
}

const isResult = (event: JobEvent): boolean => event['type'] === 'result';

/** Sends a job to a machine, which begins it as soon as its runner is there; its events come to `machine.job`. */
export async function startJob(machine: Pick<Machine, 'job'>, text: string): Promise<void> {
  await machine.job.send(`${JSON.stringify({ type: 'job', text })}\n`);
}

/**
 * Why the job whose events begin at `since` has ended as it did: the codes of its error, or of every reason that its
 * plan had to refuse.
 */
export function reasonsOf(port: JobPort, since = 0): string[] {
  const error = port.events
    .slice(since)
    .map((event) => event['error'] as ReasonedError | undefined)
    .findLast((reason) => reason !== undefined);
  if (error === undefined) return [];
  return error.details?.refusals?.map(({ code }) => code) ?? [error.code];
}

interface ReasonedError {
  readonly code: string;
  readonly details?: { readonly refusals?: readonly { readonly code: string }[] };
}

/** Runs a job to its end. */
export async function runJob(machine: Machine, text: string, seconds = 180): Promise<JobResult> {
  const since = machine.job.events.length;
  await startJob(machine, text);
  return resultOf(machine.job, seconds, since);
}

/** Waits for the end of the job that a machine finds when it starts. */
export function bootJob(machine: Machine, seconds = 300): Promise<JobResult> {
  return resultOf(machine.job, seconds);
}
