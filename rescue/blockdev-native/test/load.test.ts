/** Where the packed executable lays the addon: only where nobody else can put another in its place. */
import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { noise, scratchFolder } from '../../test/support/scratch.ts';
import { AddonError, findAddon, loadAddon, placeAddon, privateFolders } from '../lib/load.ts';

const uid = process.getuid!();
const asset = noise(100_000, 1);

/** A folder that nobody else can write to, whatever the umask. */
async function parent(t: TestContext): Promise<string> {
  const folder = await scratchFolder(t, 'load');
  await chmod(folder, 0o755);
  return folder;
}

test('in the source tree it is what scripts/build-addon made', () => {
  assert.match(findAddon(), /rescue\/blockdev-native\/build\/Release\/blockdev\.node$/);
  assert.equal(typeof loadAddon(findAddon()).hash, 'function');
});

test('the best folder comes first, the last resort is a folder in /tmp', () => {
  const folders = (environment: Record<string, string>, id = 1000): string[] =>
    privateFolders(environment, id);
  assert.deepEqual(folders({}), ['/tmp/permafrost-1000']);
  assert.deepEqual(folders({}, 0), ['/run/permafrost', '/tmp/permafrost-0']);
  assert.deepEqual(folders({ HOME: '/home/x' }), ['/home/x/.cache/permafrost', '/tmp/permafrost-1000']);
  assert.deepEqual(folders({ HOME: '/home/x', XDG_CACHE_HOME: '/cache' }), [
    '/cache/permafrost',
    '/tmp/permafrost-1000',
  ]);
  assert.deepEqual(folders({ XDG_CACHE_HOME: 'relative', HOME: '' }), ['/tmp/permafrost-1000']);
  assert.deepEqual(folders({ PERMAFROST_ADDON_DIR: '/opt/x', HOME: '/h' })[0], '/opt/x');
});

test('it is laid down once, private, and stays', async (t) => {
  const folder = join(await parent(t), 'a', 'b');
  const path = placeAddon(asset, [folder], uid);
  assert.match(path, /\/a\/b\/blockdev-[0-9a-f]{64}\.node$/);
  assert.ok((await readFile(path)).equals(asset));
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(path)).mode & 0o222, 0);
  const { ino } = await stat(path);
  assert.equal(placeAddon(asset, [folder], uid), path);
  assert.equal((await stat(path)).ino, ino, 'the second start writes nothing');
  assert.deepEqual(await readdir(folder), [path.slice(folder.length + 1)]);
  const other = placeAddon(noise(5000, 2), [folder], uid);
  assert.notEqual(other, path, 'another version gets another name');
});

test('what lies there with another content is replaced, never loaded', async (t) => {
  const folder = join(await parent(t), 'cache');
  const path = placeAddon(asset, [folder], uid);
  await chmod(path, 0o600);
  const changed = Buffer.from(asset);
  changed[50_000]! ^= 1;
  await writeFile(path, changed);
  assert.equal(placeAddon(asset, [folder], uid), path);
  assert.ok((await readFile(path)).equals(asset));
});

test('a link in its place is not followed', async (t) => {
  const base = await parent(t);
  const folder = join(base, 'cache');
  const path = placeAddon(asset, [folder], uid);
  const elsewhere = join(base, 'elsewhere');
  await writeFile(elsewhere, asset);
  await chmod(folder, 0o700);
  await rm(path);
  await symlink(elsewhere, path);
  assert.equal(placeAddon(asset, [folder], uid), path);
  assert.ok((await lstat(path)).isFile(), 'a file now');
  const linked = join(base, 'linked');
  await symlink(folder, linked);
  assert.throws(() => placeAddon(asset, [linked], uid), /is no folder/);
});

test('folders that others could write to are passed over', async (t) => {
  const base = await parent(t);
  const open = join(base, 'open');
  await mkdir(open);
  await chmod(open, 0o770);
  const shared = join(base, 'shared');
  await mkdir(shared);
  await chmod(shared, 0o777);
  const sticky = join(base, 'sticky');
  await mkdir(sticky);
  await chmod(sticky, 0o1777);
  const file = join(base, 'file');
  await writeFile(file, '');
  const refused = [open, join(shared, 'cache'), join(file, 'cache'), '/proc/permafrost'];
  for (const folder of refused)
    assert.throws(
      () => placeAddon(asset, [folder], uid),
      (error: Error) => error instanceof AddonError && /PERMAFROST_ADDON_DIR/.test(error.message),
      folder,
    );
  assert.deepEqual(await readdir(open), []);
  const good = join(sticky, 'cache');
  assert.equal(placeAddon(asset, [...refused, good], uid).startsWith(good), true, 'the next one serves');
  assert.throws(() => placeAddon(asset, [join(base, 'mine')], uid + 1), /belongs to somebody else/);
});

test('a copy beside the executable serves if it is the same', async (t) => {
  const base = await parent(t);
  const beside = join(base, 'blockdev.node');
  const nowhere = ['/proc/permafrost'];
  assert.throws(() => placeAddon(asset, nowhere, uid, beside), AddonError);
  await writeFile(beside, noise(10, 1));
  assert.throws(() => placeAddon(asset, nowhere, uid, beside), /is another version/);
  await writeFile(beside, asset);
  assert.equal(placeAddon(asset, nowhere, uid, beside), beside);
});

test('a missing or foreign addon is an error that says so', async (t) => {
  const base = await parent(t);
  assert.throws(() => loadAddon(join(base, 'absent.node')), /is missing.*scripts\/build-addon/);
  const broken = join(base, 'broken.node');
  await writeFile(broken, 'no ELF');
  assert.throws(
    () => loadAddon(broken),
    (error: Error) => error instanceof AddonError && /cannot be loaded/.test(error.message),
  );
});
