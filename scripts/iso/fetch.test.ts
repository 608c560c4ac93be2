/** Fetching from archives of the test's own, signed and served like Debian's. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import test, { type TestContext } from 'node:test';
import { run } from './command.ts';
import { formatLock, parseLock, type DebianLock, type LockedPackage } from './lock-file.ts';

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Published {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
}

/** A signed archive with three suites in a folder, served at an address of this machine, and how to ask for it. */
async function makeArchive(t: TestContext) {
  const folder = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-archive-'));
  const home = join(folder, 'keys');
  mkdirSync(home, { mode: 0o700 });
  const keyring = join(folder, 'keyring.gpg');
  const gpg = (...args: string[]): string =>
    run('gpg', ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', ...args]);
  gpg('--passphrase', '', '--quick-generate-key', 'archive of a test', 'ed25519', 'sign', 'never');
  gpg('--output', keyring, '--export');
  // In this order: whoever asks for the end of what runs there makes the folder anew, where it is gone.
  t.after(() => {
    run('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = join(folder, decodeURIComponent(pathname));
    if (existsSync(path)) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const base = { main: 'debian', security: 'debian-security' };

  const packageFile = ({ name, version }: Published): string => `the package ${name} ${version}\n`;
  const locked = (entry: Published, suite = 'trixie'): LockedPackage => ({
    ...{ name: entry.name, version: entry.version, suite },
    path: `pool/${suite.endsWith('security') ? 'updates/' : ''}main/${entry.name}_${entry.version}.deb`,
    ...{ sizeBytes: packageFile(entry).length, sha256: sha256(packageFile(entry)), purposes: ['root'] },
  });
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const publish = (suite: string, entries: readonly Published[]): void => {
    const root = suite.endsWith('security') ? base.security : base.main;
    const stanzas = entries.map((entry) => {
      const { path, sizeBytes, sha256: digest } = locked(entry, suite);
      put(`${root}/${path}`, packageFile(entry));
      return [
        ...[`Package: ${entry.name}`, `Version: ${entry.version}`, 'Architecture: amd64'],
        ...[`Filename: ${path}`, `Size: ${sizeBytes}`, `SHA256: ${digest}`],
        ...(entry.depends === undefined ? [] : [`Depends: ${entry.depends}`]),
      ].join('\n');
    });
    const index = `${stanzas.join('\n\n')}\n`;
    const release = [
      ...[`Origin: Test`, `Suite: ${suite}`, `Codename: ${suite}`, 'Date: Sat, 12 Sep 2026 07:55:41 UTC'],
      ...['Architectures: amd64', 'Components: main', 'SHA256:'],
      ` ${sha256(index)} ${index.length} main/binary-amd64/Packages`,
    ].join('\n');
    put(`${root}/dists/${suite}/main/binary-amd64/Packages`, index);
    put(`${suite}.release`, `${release}\n`);
    const signed = join(folder, root, 'dists', suite, 'InRelease');
    gpg('--yes', '--clearsign', '--output', signed, join(folder, `${suite}.release`));
  };
  const remove = (path: string): void => rmSync(join(folder, path));

  /** Fetches as a build does, in a process of its own, since this one serves the archive. */
  const fetch = async (
    lock: DebianLock,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number; output: string; taken?: DebianLock }> => {
    const wanted = {
      ...{
        suite: 'trixie',
        root: ['one'],
        tools: ['tool'],
        boot: [],
        guest: ['tool'],
        kernel: 'linux-image-amd64',
      },
      unwanted: [],
    };
    const work = join(folder, 'work');
    const cache = join(folder, 'cache');
    for (const name of [work, cache]) mkdirSync(name, { recursive: true });
    rmSync(join(work, 'packages.json'), { force: true });
    const script = `
      import { fetchPackages } from ${JSON.stringify(join(import.meta.dirname, 'fetch.ts'))};
      import { parseLock } from ${JSON.stringify(join(import.meta.dirname, 'lock-file.ts'))};
      const [folders, lock, wanted] = JSON.parse(process.env.TEST_FETCH);
      try { fetchPackages(folders, lock, wanted); }
      catch (error) { console.error(error.message); process.exitCode = 1; }`;
    const folders = { project: '/nonexistent', work, cache, output: '/nonexistent' };
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...{ no_proxy: '127.0.0.1', DEBIAN_MIRROR: `${address}/${base.main}`, DEBIAN_KEYRING: keyring },
        ...{ DEBIAN_SECURITY_MIRROR: '', OFFLINE: '', TEST_FETCH: JSON.stringify([folders, lock, wanted]) },
        ...extra,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number];
    const path = join(work, 'packages.json');
    return { code, output, ...(existsSync(path) ? { taken: parseLock(readFileSync(path, 'utf8')) } : {}) };
  };
  const lockOf = (...packages: LockedPackage[]): DebianLock => ({
    ...{ suite: 'trixie', architecture: 'amd64', sourceDateEpoch: 1_700_000_000, packages },
  });
  return { publish, remove, put, locked, lockOf, fetch, folder, cache: join(folder, 'cache') };
}

const others: readonly Published[] = [
  { name: 'tool', version: '1' },
  { name: 'library', version: '1' },
  { name: 'linux-image-amd64', version: '1', depends: 'linux-image-6.12.1-amd64' },
  { name: 'linux-image-6.12.1-amd64', version: '1' },
];

void test('a locked version that is gone: the newest of all suites are taken, and it is said', async (t) => {
  const archive = await makeArchive(t);
  archive.publish('trixie', [{ name: 'one', version: '2', depends: 'library' }, ...others]);
  archive.publish('trixie-updates', [{ name: 'tool', version: '2' }]);
  archive.publish('trixie-security', [{ name: 'library', version: '1+deb13u1' }]);
  const lock = archive.lockOf(archive.locked({ name: 'one', version: '1' }), archive.locked(others[1]!));

  const { code, output, taken } = await archive.fetch(lock);
  assert.equal(code, 0, output);
  assert.deepEqual(
    taken?.packages.map(({ name, version, suite }) => `${name} ${version} ${suite}`),
    [
      'library 1+deb13u1 trixie-security',
      'linux-image-6.12.1-amd64 1 trixie',
      'one 2 trixie',
      'tool 2 trixie-updates',
    ],
  );
  assert.equal(taken.sourceDateEpoch, 1_700_000_000);
  for (const { path } of taken.packages) assert.ok(existsSync(join(archive.cache, path.replace(/.*\//, ''))));
  assert.match(output, /WARNING: the archive no longer has every locked package/);
  assert.match(output, /one: locked 1, taken 2/);
  assert.match(output, /library: locked 1, taken 1\+deb13u1/);
  assert.match(output, /`make lock` pins them/);

  await t.test('what is locked and there is taken as it is, though there is newer', async () => {
    const there = archive.lockOf(archive.locked({ name: 'library', version: '1' }));
    const again = await archive.fetch(there);
    assert.equal(again.code, 0, again.output);
    assert.equal(formatLock(again.taken!), formatLock(there));
    assert.doesNotMatch(again.output, /WARNING/);
  });

  await t.test('a security fix that a point release took in is found in the main archive', async () => {
    const fix = archive.locked({ name: 'two', version: '5' }, 'trixie-security');
    archive.put('debian/pool/main/two_5.deb', 'the package two 5\n');
    const merged = await archive.fetch(archive.lockOf(fix));
    assert.equal(merged.code, 0, merged.output);
    assert.doesNotMatch(merged.output, /WARNING/);
    assert.equal(readFileSync(join(archive.cache, 'two_5.deb'), 'utf8'), 'the package two 5\n');
  });

  await t.test('a mirror that sends something else ends the build', async () => {
    const entry = archive.locked({ name: 'three', version: '1' });
    archive.put(`debian/${entry.path}`, 'the package three 2\n');
    const wrong = await archive.fetch(archive.lockOf(entry));
    assert.equal(wrong.code, 1);
    assert.match(wrong.output, /Hash Sum mismatch|is not what the lock file pins/i);
    assert.ok(!existsSync(join(archive.cache, 'three_1.deb')));
  });

  await t.test('an index whose signature is wrong, or a mirror without fixes, ends the build', async () => {
    const gone = archive.lockOf(archive.locked({ name: 'one', version: '1' }));
    archive.remove('debian-security/dists/trixie-security/InRelease');
    const without = await archive.fetch(gone);
    assert.equal(without.code, 1);
    assert.match(without.output, /DEBIAN_SECURITY_MIRROR/);
    archive.publish('trixie-security', [{ name: 'library', version: '1+deb13u1' }]);
    archive.put('debian/dists/trixie-updates/InRelease', 'Suite: trixie-updates\nCodename: trixie-updates\n');
    const unsigned = await archive.fetch(gone);
    assert.equal(unsigned.code, 1);
    assert.match(unsigned.output, /cannot be read/);
  });
});

void test('OFFLINE: files come from its folder, checked, and from nowhere else', async (t) => {
  const archive = await makeArchive(t);
  const [here, there] = [
    archive.locked({ name: 'here', version: '1' }),
    archive.locked({ name: 'there', version: '1' }),
  ];
  // The mirror has both.
  archive.publish('trixie', [here, there]);
  archive.put('offline/here_1.deb', 'the package here 1\n');
  const OFFLINE = join(archive.folder, 'offline');
  const whole = await archive.fetch(archive.lockOf(here), { OFFLINE });
  assert.equal(whole.code, 0, whole.output);
  assert.equal(readFileSync(join(archive.cache, 'here_1.deb'), 'utf8'), 'the package here 1\n');
  const lacking = await archive.fetch(archive.lockOf(here, there), { OFFLINE });
  assert.equal(lacking.code, 1);
  assert.match(lacking.output, /OFFLINE=.*offline lacks there_1\.deb/);
  archive.put('offline/there_1.deb', 'the package there 2\n');
  const wrong = await archive.fetch(archive.lockOf(there), { OFFLINE });
  assert.equal(wrong.code, 1);
  assert.match(wrong.output, /with another content/);
  assert.ok(!existsSync(join(archive.cache, 'there_1.deb')));
});
