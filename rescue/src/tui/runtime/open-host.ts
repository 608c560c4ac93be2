/** Where jobs run: in the runner of the rescue environment, where there is always one, else in this process. */
import { existsSync } from 'node:fs';
import type { JobHost } from '../../runner/job-host.ts';
import { LocalHost } from '../../runner/local-host.ts';
import { RUNNER_SOCKET } from '../../runner/protocol.ts';
import { RunnerClient } from '../../runner/runner-client.ts';
import { RESCUE_MARK } from '../rescue-mark.ts';

/** Both are started at once, and the runner is the first to be there. */
const PATIENCE_MS = 10_000;

/** The runner that listens at `path`, or this process. */
export async function openHost(path = RUNNER_SOCKET): Promise<JobHost> {
  if (existsSync(RESCUE_MARK)) return RunnerClient.open({ path, patienceMs: PATIENCE_MS });
  if (!existsSync(path)) return new LocalHost();
  const runner = await RunnerClient.open({ path });
  if (runner.state.kind !== 'lost') return runner;
  // Left by a runner that was killed. Nobody starts it again here: whoever waited for it would wait for ever.
  await runner.close();
  return new LocalHost();
}
