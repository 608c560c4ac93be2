import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { limitMs } from '../../test/support/patience.ts';
import { openEventChannel, type EventChannel } from './event-channel.ts';

/** A pipe stands for a port: full when nobody reads. */
async function pipe(
  t: TestContext,
  mostBytes?: number,
): Promise<{ channel: EventChannel; reader: FileHandle }> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-events-'));
  const path = join(folder, 'port');
  execFileSync('mkfifo', [path]);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const channel = openEventChannel(path, mostBytes);
  t.after(async () => {
    await reader.close();
    await channel.close();
    await rm(folder, { recursive: true });
  });
  return { channel, reader };
}

type Event = { type: string } & Record<string, unknown>;

async function readAll(reader: FileHandle, channel: EventChannel): Promise<Event[]> {
  let text = '';
  const closed = channel.close().then(() => true);
  const buffer = Buffer.alloc(1 << 20);
  for (let end = false; ;) {
    const read = await reader.read(buffer, 0, buffer.length, null).catch(() => undefined);
    if (read !== undefined && read.bytesRead > 0) text += buffer.toString('utf8', 0, read.bytesRead);
    else if (end) break;
    else end = await Promise.race([closed, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
}

test('every event is one line, in order', async (t) => {
  const { channel, reader } = await pipe(t);
  for (let i = 0; i < 100; i++) channel.write({ type: 'note', i } as Event);
  const events = await readAll(reader, channel);
  assert.deepEqual(
    events.map(({ i }) => i),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test(
  'nobody reads: progress gives way to newer progress, results stay',
  { timeout: limitMs(60) },
  async (t) => {
    const { channel, reader } = await pipe(t);
    const filler = 'x'.repeat(1000);
    channel.write({ type: 'plan', filler: 'x'.repeat(100_000) } as Event); // more than the pipe takes
    for (let i = 0; i < 20_000; i++) channel.write({ type: 'progress', i, filler } as Event);
    channel.write({ type: 'report', outcome: 'done' } as Event);
    channel.write({ type: 'result', outcome: 'done' } as Event);
    const events = await readAll(reader, channel);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['plan', 'progress', 'report', 'result'],
    );
    assert.equal(events[1]!['i'], 19_999);
  },
);

test(
  'what does not fit is left out and counted, results last of all',
  { timeout: limitMs(60) },
  async (t) => {
    const { channel, reader } = await pipe(t, 200_000);
    const filler = 'x'.repeat(10_000);
    channel.write({ type: 'plan', filler: 'x'.repeat(100_000) } as Event);
    channel.write({ type: 'report', n: 1 } as Event);
    for (let i = 0; i < 100; i++) channel.write({ type: 'note', i, filler } as Event);
    channel.write({ type: 'result', n: 2 } as Event);
    const events = await readAll(reader, channel);
    const left = events.find(({ type }) => type === 'left-out')!['count'] as number;
    const notes = events.filter(({ type }) => type === 'note').length;
    assert.equal(left + notes, 100);
    assert.ok(notes < 20);
    assert.ok(events.some(({ n }) => n === 1) && events.some(({ n }) => n === 2));
  },
);

test('a port whose reader goes away for good holds nothing up', async (t) => {
  const { channel, reader } = await pipe(t);
  await reader.read(Buffer.alloc(1), 0, 1, null).catch(() => undefined);
  for (let i = 0; i < 10; i++) channel.write({ type: 'note' });
  await channel.close();
  channel.write({ type: 'note' });
});
