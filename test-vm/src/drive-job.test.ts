import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { resultOf } from './drive-job.ts';
import { JobPort } from './job-port.ts';

/** A port at whose other end the test is the guest. */
async function portWithGuest(t: TestContext): Promise<{ port: JobPort; guest: Socket; job: Socket }> {
  const folder = await mkdtemp(join(tmpdir(), 'job-port-'));
  const port = await JobPort.listen(join(folder, 'job'), join(folder, 'events'));
  const [job, guest] = [connect(port.jobPath), connect(port.eventsPath)];
  t.after(async () => {
    guest.destroy();
    job.destroy();
    port.end(new Error('the test is over'));
    await rm(folder, { recursive: true });
  });
  return { port, guest, job };
}

test('the result of a job is its last event, whatever came before', async (t) => {
  const { port, guest } = await portWithGuest(t);
  const seen: unknown[] = [];
  port.onEvent = (event) => seen.push(event['type']);
  const result = resultOf(port, 5);
  guest.write('{"type":"job","id":"a"}\nnoise\n{"type":"progress","exitCode":9}\n{"type":"result","exitC');
  guest.write('ode":4,"outcome":"does-not-verify","end":"power-off","error":{"code":"image/damaged"}}\n');
  assert.deepEqual(await result, {
    exitCode: 4,
    outcome: 'does-not-verify',
    end: 'power-off',
    errorCode: 'image/damaged',
  });
  assert.deepEqual(seen, ['job', 'unreadable', 'progress', 'result']);
});

test('the result of an earlier job is not that of a later one', async (t) => {
  const { port, guest } = await portWithGuest(t);
  guest.write('{"type":"result","exitCode":0,"outcome":"done","end":"stay"}\n');
  assert.equal((await resultOf(port, 5)).exitCode, 0);
  const second = resultOf(port, 5, port.events.length);
  guest.write('{"type":"result","exitCode":1,"outcome":"failed","end":"stay"}\n');
  assert.equal((await second).exitCode, 1);
});

test('a result without an exit code is none', async (t) => {
  for (const exitCode of ['"0"', '-1', '256', '0.5', 'null']) {
    const { port, guest } = await portWithGuest(t);
    guest.write(`{"type":"result","exitCode":${exitCode}}\n`);
    await assert.rejects(resultOf(port, 5), /no exit code/, exitCode);
  }
});

test('a machine that goes off without a result is an error', async (t) => {
  const { port, guest } = await portWithGuest(t);
  const result = resultOf(port, 5);
  guest.write('{"type":"step","step":1}\n');
  await port.event(({ type }) => type === 'step', 5);
  port.end(new Error('QEMU has ended (0)'));
  await assert.rejects(result, /the job has ended \(last: \{"type":"step","step":1\}\): QEMU has ended/);
});
