/** Which Buildroot is taken, and how it is said that there is none. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { run } from '../command.ts';
import { findBuildroot, release, versionOf } from './checkout.ts';

function makeFolder(t: TestContext, parent = process.env['PERMAFROST_SCRATCH'] ?? tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'permafrost-checkout-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Asks for the base as `make iso BASE=buildroot` does, with nothing built and nothing fetched. */
function build(folder: string, env: Readonly<Record<string, string>>) {
  const script = join(import.meta.dirname, '../build.ts');
  const options = ['--base', 'buildroot', '--work', join(folder, 'work'), '--cache', join(folder, 'cache')];
  const none = { BUILDROOT_DIR: '', BUILDROOT_URL: '', OFFLINE: '', INPUTS: '' };
  const { status, stderr } = spawnSync(process.execPath, [script, ...options], {
    env: { ...process.env, ...none, ...env },
    encoding: 'utf8',
  });
  return { status, lines: stderr.trim().split('\n') };
}

void test('without a checkout and without a network one line says what is missing and how to supply it', (t) => {
  const folder = makeFolder(t);
  const { status, lines } = build(folder, { BUILDROOT_URL: join(folder, 'nowhere') });
  assert.equal(status, 1);
  assert.equal(lines.at(-1)!.includes('BUILDROOT_DIR=DIR'), true, lines.join('\n'));
  assert.ok(lines.length <= 2, lines.join('\n'));
  const offline = build(folder, { OFFLINE: folder });
  assert.equal(offline.status, 1);
  assert.equal(offline.lines.length, 1);
  assert.match(offline.lines[0]!, /OFFLINE is set: give a checkout of Buildroot .* with BUILDROOT_DIR=DIR/);
});

void test('a folder that is no Buildroot, and inputs that there are not, are refused', (t) => {
  const folder = makeFolder(t);
  assert.deepEqual(build(folder, { BUILDROOT_DIR: folder }).lines, [`iso: ${folder} is no Buildroot tree`]);
  assert.match(build(folder, { INPUTS: 'other' }).lines[0]!, /INPUTS=other/);
  writeFileSync(join(folder, 'Makefile'), 'export BR2_VERSION := 2030.02\n');
  assert.equal(versionOf(folder), '2030.02');
});

void test('a repository whose release is another commit than the pinned one is not taken', (t) => {
  const folder = makeFolder(t);
  const repository = join(folder, 'repository');
  mkdirSync(repository);
  const git = (...args: string[]): string =>
    run('git', ['-C', repository, '-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args]);
  git('init', '--quiet');
  writeFileSync(join(repository, 'Makefile'), `export BR2_VERSION := ${release}\n`);
  git('add', '.');
  git('commit', '--quiet', '--message', 'not the release');
  git('tag', release);
  const { status, lines } = build(folder, { BUILDROOT_URL: repository });
  assert.equal(status, 1);
  assert.match(lines.at(-1)!, /not the pinned [0-9a-f]{40}/);
});

void test("another user's tree is copied, since its owner is nobody in the namespace of an ordinary user", (t) => {
  if (process.getuid!() !== 0) {
    t.skip('only root has a tree of another user');
    return;
  }
  // What the tests are given as scratch may be root's alone.
  const folder = makeFolder(t, tmpdir());
  const [tree, work] = [join(folder, 'tree'), join(folder, 'work')];
  mkdirSync(join(tree, '.git'), { recursive: true });
  mkdirSync(work, { mode: 0o777 });
  chmodSync(folder, 0o755);
  chmodSync(work, 0o777);
  writeFileSync(join(tree, 'Makefile'), `export BR2_VERSION := ${release}\n`);
  utimesSync(join(tree, 'Makefile'), 1e9, 1e9);
  symlinkSync('Makefile', join(tree, 'link'));
  const before = process.env['BUILDROOT_DIR'];
  process.env['BUILDROOT_DIR'] = tree;
  t.after(() => {
    process.seteuid!(0);
    if (before === undefined) delete process.env['BUILDROOT_DIR'];
    else process.env['BUILDROOT_DIR'] = before;
  });
  assert.equal(findBuildroot(work), tree);
  process.seteuid!(65534);
  const copy = findBuildroot(work);
  assert.equal(findBuildroot(work), copy, 'and again over the copy before');
  process.seteuid!(0);
  assert.equal(copy.startsWith(work), true);
  const { uid, mtimeMs } = statSync(join(copy, 'Makefile'));
  assert.deepEqual([uid, mtimeMs], [65534, 1e12]);
  assert.equal(readlinkSync(join(copy, 'link')), 'Makefile');
  assert.equal(statSync(join(copy, '.git'), { throwIfNoEntry: false }), undefined);
});
