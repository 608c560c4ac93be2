/** Where jobs run: in the runner of the rescue environment, where there is always one, else in this process. */
import { existsSync } from 'node:fs';
import type { JobHost } from '../../runner/job-host.ts';
import { LocalHost } from '../../runner/local-host.ts';
import { RUNNER_SOCKET } from '../../runner/protocol.ts';
import { RunnerClient } from '../../runner/runner-client.ts';
import { RESCUE_MARK } from '../rescue-mark.ts';

/** Both are started at once, and the runner is the first to be there. */
const PATIENCE_MS = 10_000;

export async function openHost(): Promise<JobHost> {
  if (existsSync(RESCUE_MARK)) return RunnerClient.open({ patienceMs: PATIENCE_MS });
  return existsSync(RUNNER_SOCKET) ? RunnerClient.open() : new LocalHost();
}
