import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { limitMs } from '../../test/support/patience.ts';
import { PortLines, readJobPort, type PortLine } from './job-port.ts';

function linesOf(...pieces: (string | Buffer)[]): PortLine[] {
  const lines = new PortLines();
  return pieces.flatMap((piece) => [...lines.take(Buffer.from(piece))]);
}

test('a job is one line, in however many pieces it comes', () => {
  const line = `${JSON.stringify({ type: 'job', text: 'version: 1\nid: ä' })}\n`;
  const bytes = Buffer.from(line);
  assert.deepEqual(linesOf(...[...bytes].map((byte) => Buffer.from([byte]))), [
    { text: 'version: 1\nid: ä' },
  ]);
  assert.equal(linesOf(line + line, '\n \r\n', line).length, 3);
  assert.deepEqual(linesOf(bytes.subarray(0, -1)), []);
});

test('what is no job is said, and the next line is read as if nothing had been', () => {
  const good = '{"type":"job","text":"x"}\n';
  for (const bad of [
    'version: 1\n',
    '{}\n',
    '[]\n',
    'null\n',
    '{"type":"job","text":1}\n',
    '\u0000\u0001\n',
  ]) {
    const [first, second] = linesOf(bad + good);
    assert.ok('problem' in first!, bad);
    assert.deepEqual(second, { text: 'x' });
  }
  const megabyte = Buffer.alloc(1024 * 1024, 0x61);
  const endless = linesOf(...Array.from({ length: 64 }, () => megabyte), `\n${good}`);
  assert.match('problem' in endless[0]! ? endless[0].problem : '', /longer than/);
  assert.deepEqual(endless.slice(1), [{ text: 'x' }]);
});

test(
  'a port is read without holding a thread, until it is told to stop',
  { timeout: limitMs(60) },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'permafrost-port-'));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'port');
    execFileSync('mkfifo', [path]);
    const controller = new AbortController();
    const port = readJobPort(controller.signal, path);
    const first = port.next();
    const writer = await open(path, 'w');
    await writer.write('{"type":"job","text":"one"}\n');
    assert.deepEqual((await first).value, { text: 'one' });
    const second = port.next();
    controller.abort();
    assert.equal((await second).done, true);
    await writer.close();
    assert.equal((await readJobPort(new AbortController().signal, `${path}.missing`).next()).done, true);
  },
);
