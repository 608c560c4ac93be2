/** Where jobs run: in the runner of the rescue environment where there is one, else in this process. */
import { existsSync } from 'node:fs';
import type { JobHost } from '../../runner/job-host.ts';
import { LocalHost } from '../../runner/local-host.ts';
import { RUNNER_SOCKET } from '../../runner/protocol.ts';
import { RunnerClient } from '../../runner/runner-client.ts';

/** The runner where it listens, or may be just starting again: its socket outlives one that was killed. */
export async function openHost(): Promise<JobHost> {
  return existsSync(RUNNER_SOCKET) ? RunnerClient.open() : new LocalHost();
}
