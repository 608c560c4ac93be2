/** The one executable: the same bytes wherever it is built, and usable by anybody, from anywhere. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { run } from './support/command.ts';
import { scratchFolder } from './support/scratch.ts';

const root = resolve(import.meta.dirname, '../..');
/** What the suite has built here, where it runs this. */
const here = process.env['PERMAFROST_PROGRAM'];

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

test('two builds in different folders give the same executable', async (t) => {
  if (here === undefined) await run(join(root, 'scripts/build'), [], { timeoutMs: 400_000 });
  const folder = join(await scratchFolder(t, 'build'), 'somewhere', 'else');
  await mkdir(folder, { recursive: true });
  // What a checkout has, and the packages; nothing that was built here, so that the addon is compiled again.
  await run('bash', [
    '-euo',
    'pipefail',
    '-c',
    'cd "$1" && { git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null || true; } | tar -cf - -T - | tar -xf - -C "$2" && cp -a node_modules "$2/node_modules"',
    'bash',
    root,
    folder,
  ]);
  await run(join(folder, 'scripts/build'), [], { timeoutMs: 400_000 });
  assert.equal(
    await sha256(join(folder, 'dist/permafrost')),
    await sha256(here ?? join(root, 'dist/permafrost')),
  );
});

test('each part takes the code cache that was made for it', async () => {
  for (const args of [['--version'], ['tui', '--help']]) {
    const { stderr } = await run('env', ['PERMAFROST_DEBUG=1', join(root, 'dist/permafrost'), ...args]);
    assert.equal(stderr, '');
  }
});

test('a user without rights runs it from a folder that cannot be written to', async (t) => {
  // Not the tests' scratch folder: that one is closed to other users.
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-user-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const program = join(folder, 'permafrost');
  await copyFile(join(root, 'dist/permafrost'), program);
  await chmod(folder, 0o755);
  const home = join(folder, 'home');
  await mkdir(home);
  await run('chown', ['nobody', home]);
  const image = join(home, 'disk.img');
  const asNobody = (...args: string[]): ReturnType<typeof run> =>
    run('setpriv', ['--reuid=nobody', '--clear-groups', 'env', `HOME=${home}`, `XDG_CACHE_HOME=`, ...args]);
  await asNobody('truncate', '-s', '16M', image);
  await asNobody('mke2fs', '-q', '-F', '-t', 'ext4', image);
  const repo = join(home, 'repository');
  await asNobody(program, 'image', image, '--repo', repo);
  const before = await sha256(image);
  // Loads the one part that other commands do not.
  await asNobody(program, 'verify', '--repo', repo, '--independent');
  await asNobody(program, 'restore', 'latest', join(home, 'back.img'), '--repo', repo, '--yes');
  assert.match((await asNobody(program, 'inspect', join(home, 'back.img'))).stdout, /ext4/);
  assert.equal(await sha256(image), before);
  // The addon was unpacked into a folder that is the user's alone.
  const { stdout } = await run('find', [home, '-name', '*.node', '-printf', '%u %m\n']);
  assert.match(stdout, /^nobody 4?[4567]00\n$/);
});
