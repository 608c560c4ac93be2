import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/support/patience.ts';
import type { EventChannels } from '../unattended/event-channels.ts';
import type { PortLine } from '../unattended/job-port.ts';
import { runBootJobs } from './boot-jobs.ts';
import { LocalHost } from './local-host.ts';

type Told = Readonly<Record<string, unknown>>;

/** What is told while these lines come over the port, in a host that something else occupies. */
async function toldOf(lines: readonly PortLine[]): Promise<Told[]> {
  const told: Told[] = [];
  const events: EventChannels = {
    write: (event) => void told.push({ ...event }),
    paths: [],
    problems: [],
    close: () => Promise.resolve(),
  };
  const host = new LocalHost();
  let free = (): void => undefined;
  host.occupy('the restore to /dev/sda', async () => {
    await new Promise<void>((resolve) => (free = resolve));
    return () => undefined;
  });
  await runBootJobs({
    host,
    events,
    signal: new AbortController().signal,
    note: () => undefined,
    search: false,
    // eslint-disable-next-line @typescript-eslint/require-await -- what is read from a port comes later
    portLines: async function* () {
      yield* lines;
    },
  });
  // What becomes of a job is told when its ports were looked for.
  await until('all is told', () => told.length >= lines.length);
  free();
  await host.settled();
  return told;
}

const results = (told: readonly Told[]): unknown[] =>
  told
    .filter(({ type }) => type === 'result')
    .map(({ id, outcome, exitCode, end, error }) => [id, outcome, exitCode, end, (error as Told)['code']]);

test('whoever sends a job gets a result, also for one that is no job file', async () => {
  const told = await toldOf([
    { problem: 'what came is not one JSON line' },
    { text: 'version: 1\nsteps: [{ verfy: {} }]\n' },
    { text: 'version: 1\nid: mine\nrepository: { path: /nowhere }\nsteps: [{ verify: {} }]\n' },
  ]);
  assert.deepEqual(
    told.map(({ type }) => type),
    ['note', 'result', 'result'],
  );
  assert.deepEqual(results(told), [
    [undefined, 'failed', 2, 'stay', 'job-file/invalid'],
    ['mine', 'failed', 1, 'stay', 'job/busy'],
  ]);
  assert.match(
    JSON.stringify(told[1]),
    /what came over the virtual serial port is no job file:.*line 2: steps\.0/,
  );
});
