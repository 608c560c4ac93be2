/**
 * The runner: the process of the rescue environment in which jobs run, whatever becomes of the screens. The one place
 * that puts its parts together.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, PermafrostError, PROGRAM, runProgram, stateFolder } from '../engine/index.ts';
import { endMachine } from '../unattended/end-machine.ts';
import { devicesSettled } from '../unattended/devices-settled.ts';
import { openEventChannels, type EventChannels } from '../unattended/event-channels.ts';
import type { ResultEvent } from '../unattended/job-events.ts';
import { isRescueEnvironment } from '../unattended/network.ts';
import { recoverPlaces } from '../unattended/place-folder.ts';
import { runBootJobs } from './boot-jobs.ts';
import type { HostState, Run } from './job-host.ts';
import { describeJob, LocalHost } from './local-host.ts';
import { RUNNER_END, RUNNER_SOCKET } from './protocol.ts';
import { RunJournal } from './run-journal.ts';
import { openRunnerLog, type RunnerLog } from './runner-log.ts';
import { RunnerServer } from './runner-server.ts';
import { errorReportOf } from './run-view.ts';

/** Where the runner keeps its log. */
export const RUNNER_LOG: string = join(stateFolder, 'log/runner.log');
/** Where it keeps the reports of all jobs. */
export const REPORTS: string = join(stateFolder, 'reports');
/** Is there once the job of this start was looked for. */
const SEARCHED = join(stateFolder, 'boot-job-searched');

/** Runs until `signal` aborts; resolves to the exit code. Throws `runner/protocol` if there is a runner already. */
export async function runRunner(signal: AbortSignal): Promise<number> {
  mkdirSync(stateFolder, { recursive: true });
  const log = openRunnerLog(RUNNER_LOG);
  const note = (text: string): void => log.write(text);
  const inRescue = await isRescueEnvironment();
  const host = new LocalHost({
    reportFolder: REPORTS,
    onNote: note,
    ...(inRescue ? { endMachine } : {}),
  });
  // Before anything else: a second runner must not take for dead what another one does.
  const server = await RunnerServer.listen(RUNNER_SOCKET, host);
  leaveLastWords(log);
  note(`${PROGRAM}: the runner starts (process ${process.pid}).`);
  const lastEnd = takeLastEnd();
  if (lastEnd !== '') note(`The runner before this one: ${lastEnd}`);
  // The first screens are drawn by then, and may ask for nothing yet that needs a disk.
  await devicesSettled(signal);
  await recoverPlaces(runProgram);
  const journal = new RunJournal(join(stateFolder, 'run.json'));
  const interrupted = journal.interrupted();
  host.subscribe((state) => journal.note(state));
  host.subscribe(logStates(log));
  const events = await openEventChannels();
  for (const problem of events.problems) note(problem);
  if (interrupted !== undefined) showInterrupted(interrupted, lastEnd, host, events);
  const search = !existsSync(SEARCHED);
  writeFileSync(SEARCHED, '');
  const jobs = runBootJobs({
    host,
    events,
    signal,
    note,
    search,
    ...(inRescue ? { waitSeconds: Infinity } : {}),
  }).catch((error: unknown) => note(errorReportOf(error).message));
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  note('The runner was told to end.');
  await host.close();
  await Promise.all([server.close(), jobs]);
  await events.close();
  return exitCodes.done;
}

/** What ends the process without a signal is in the log, and on the screens. */
function leaveLastWords(log: RunnerLog): void {
  const onBug = (error: unknown): void => {
    const { message } = errorReportOf(error);
    log.write(`The runner ends. ${message}`);
    try {
      writeFileSync(RUNNER_END, message.split('\n').slice(0, 5).join('\n'));
    } catch {
      // The log has it.
    }
    process.exit(exitCodes.failed);
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
}

/** Why the runner before this one ended, in its first line; empty if it was told to, or nobody knows. */
function takeLastEnd(): string {
  try {
    const said = readFileSync(RUNNER_END, 'utf8').trim();
    rmSync(RUNNER_END);
    return said.split('\n', 1)[0]!.slice(0, 500);
  } catch {
    return '';
  }
}

function showInterrupted(run: Run, reason: string, host: LocalHost, events: EventChannels): void {
  const error = new PermafrostError('job/lost', { what: describeJob(run.job), reason });
  host.note(error.message);
  host.become({ kind: 'ended', run, error: error.toJSON(), reportPaths: [] });
  if (run.file === undefined) return;
  // Whoever reads along must not wait for ever.
  const result: ResultEvent = {
    type: 'result',
    id: run.file.id,
    outcome: 'failed',
    exitCode: error.exitCode,
    end: 'stay',
    error: error.toJSON(),
  };
  events.write(result);
}

/** Writes down when the state becomes another one; not progress. */
function logStates(log: RunnerLog): (state: HostState) => void {
  let last = '';
  return (state) => {
    const line = describeState(state);
    if (line !== last) log.write(line);
    last = line;
  };
}

function describeState(state: HostState): string {
  switch (state.kind) {
    case 'idle':
      if (state.problem !== undefined)
        return `${state.problem.source}: ${state.problem.error.message} ${state.problem.error.hint}`;
      return state.waiting === undefined ? 'Nothing runs.' : `Waiting: ${state.waiting}.`;
    case 'countdown':
      return `The job "${state.file.id}" begins after a countdown; it overwrites: ${state.overwrites.join(', ') || 'nothing'}.`;
    case 'running': {
      const { run, plan, progress, paused, cancelling, waiting } = state;
      const how = [
        progress?.phase ?? (plan === undefined ? 'planning' : 'starting'),
        ...(paused ? ['paused'] : []),
        ...(cancelling ? ['stopping'] : []),
        ...(waiting === undefined ? [] : [`waiting: ${waiting}`]),
      ];
      return `${run.id}: ${describeJob(run.job)}: ${how.join(', ')}`;
    }
    case 'ended': {
      const { run, report, error, reportPaths } = state;
      const problem = error ?? report?.error;
      const end = report === undefined ? 'ended' : report.outcome;
      return [
        `${run.id}: ${end}${problem === undefined ? '' : `: ${problem.message}`}`,
        ...reportPaths.map((path) => `report: ${path}`),
      ].join('\n');
    }
    case 'lost':
      return state.error.message;
  }
}
