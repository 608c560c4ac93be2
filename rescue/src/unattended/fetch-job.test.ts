import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { fetchJob } from './fetch-job.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a job is fetched, through redirections, and its sum compared', async (t) => {
  const base = await serve(t, ({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { location: '/job' }).end();
    else response.end('version: 1');
  });
  assert.deepEqual(await fetchJob(`${base}/moved`), { text: 'version: 1' });
  const sum = createHash('sha256').update('version: 1').digest('hex');
  assert.deepEqual(await fetchJob(`${base}/job`, sum.toUpperCase()), { text: 'version: 1' });
  const wrong = await fetchJob(`${base}/job`, '0'.repeat(64));
  assert.ok('problem' in wrong && wrong.final && wrong.problem.includes(sum));
  assert.ok('problem' in (await fetchJob(`${base}/job`, 'short')));
});

test('hostile and broken servers end in a problem, soon', async (t) => {
  const base = await serve(t, ({ url }, response) => {
    switch (url) {
      case '/loop':
        return response.writeHead(302, { location: '/loop' }).end();
      case '/file':
        return response.writeHead(302, { location: 'file:///etc/shadow' }).end();
      case '/missing':
        return response.writeHead(404).end('x');
      case '/later':
        return response.writeHead(503).end('x');
      case '/cut':
        response.writeHead(200, { 'content-length': '100' }).write('x');
        setImmediate(() => response.destroy());
        return undefined;
    }
    const piece = Buffer.alloc(65_536);
    const more = (): void => {
      while (response.write(piece));
      response.once('drain', more);
    };
    more();
    return undefined;
  });
  const cases: [string, RegExp, boolean][] = [
    ['/endless', /larger than/, true],
    ['/loop', /redirected/, true],
    ['/file', /neither http/, true],
    ['/missing', /404/, true],
    ['/later', /503/, false],
    ['/cut', /cannot be fetched/, false],
  ];
  for (const [path, problem, final] of cases) {
    const result = await fetchJob(base + path);
    assert.ok('problem' in result, path);
    assert.match(result.problem, problem);
    assert.equal(result.final, final, path);
  }
  const refused = await fetchJob('http://127.0.0.1:1/');
  assert.ok('problem' in refused && !refused.final);
  const nonsense = await fetchJob('http://');
  assert.ok('problem' in nonsense && nonsense.final);
});
