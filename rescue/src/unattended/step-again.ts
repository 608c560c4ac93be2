/**
 * A server that was started anew has forgotten which files were open: what was being written to its share is lost, and
 * the step fails that wrote it, though the mount is hard. What it had saved before is there, so the step is begun again
 * when the server answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PermafrostError, type Report } from '../engine/index.ts';
import { answers, type Server } from './network.ts';

/** What a share's files fail with when the connection under them is gone. */
const LOST: ReadonlySet<unknown> = new Set([
  ...['ECONNABORTED', 'ECONNRESET', 'EHOSTDOWN', 'EHOSTUNREACH', 'EIO', 'ENOTCONN', 'EPIPE', 'ESTALE'],
  'ETIMEDOUT',
]);
/** A server whose disk is broken fails each time. */
const ATTEMPTS = 5;
const ASK_EVERY_MS = 5000;

export interface StepAgainOptions {
  /** Of the share; undefined where the repository is on a disk of this machine, which is not asked twice. */
  readonly server: Server | undefined;
  readonly signal?: AbortSignal;
  readonly onNote: (note: string) => void;
  /** Whether the server answers; asked until it does. */
  readonly ask?: (server: Server) => Promise<boolean>;
  readonly askEveryMs?: number;
}

/** Runs `step` until the share has held, or has not five times; the last report. Throws `job/cancelled`. */
export async function stepAgain(
  step: (again: boolean) => Promise<Report>,
  options: StepAgainOptions,
): Promise<Report> {
  const { server, signal, onNote, askEveryMs = ASK_EVERY_MS } = options;
  const ask = options.ask ?? ((asked: Server): Promise<boolean> => answers(asked, ASK_EVERY_MS));
  let report = await step(false);
  for (let attempt = 1; attempt < ATTEMPTS && server !== undefined && wasLost(report); attempt++) {
    onNote(
      `${report.error!.message}. The step begins again when the server answers; what was saved before is kept.`,
    );
    while (!(await ask(server))) {
      if (signal?.aborted === true)
        throw new PermafrostError('job/cancelled', { kept: 'What was saved before is kept.' });
      await sleep(askEveryMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
    report = await step(true);
  }
  return report;
}

function wasLost({ outcome, error }: Report): boolean {
  const isOfRepository = error?.code === 'repository/failed';
  return outcome === 'failed' && isOfRepository && LOST.has((error.details as { errno?: unknown }).errno);
}
