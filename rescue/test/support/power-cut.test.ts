import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from './command.ts';
import { mountFaultFs, type FaultFs } from './faultfs.ts';
import { cutPolicies, replay, type CutPolicy } from './power-cut.ts';
import { readLog, type OperationLog } from './power-cut-log.ts';
import { noise, scratchFolder, treeDigest } from './scratch.ts';

async function logOf(
  t: TestContext,
  act: (faults: FaultFs) => Promise<void>,
  backing?: string,
): Promise<OperationLog> {
  const faults = await mountFaultFs(t, { log: true, ...(backing === undefined ? {} : { backing }) });
  await act(faults);
  await faults.unmount();
  return readLog(faults.logFolder!);
}

/** Rebuilds what is left at `cut` and hands over its folder. */
function replayer(t: TestContext, log: OperationLog) {
  let count = 0;
  const parent = scratchFolder(t, 'cut');
  return async (cut: number, policy: CutPolicy, seed = 1): Promise<string> => {
    const into = join(await parent, String(count++));
    await replay(log, cut, policy, seed, into);
    return into;
  };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync();
  await folder.close();
}

/** Replaces a file the way a store has to: write aside, fsync, rename, fsync the folder. */
async function replaceFile(
  folder: string,
  name: string,
  bytes: Buffer,
  forget?: 'fsync' | 'fsyncdir',
): Promise<void> {
  const file = await open(join(folder, `${name}.tmp`), 'w');
  for (let at = 0; at < bytes.length; at += 1000)
    await file.write(bytes, at, Math.min(1000, bytes.length - at), at);
  if (forget !== 'fsync') await file.sync();
  await file.close();
  await rename(join(folder, `${name}.tmp`), join(folder, name));
  if (forget !== 'fsyncdir') await syncFolder(folder);
}

const before = noise(5000, 1);
const after = noise(7000, 2);

/** The contents that `name` has over all cuts and several seeds: old, new, absent or wrong; with the last cut apart. */
async function outcomes(
  t: TestContext,
  log: OperationLog,
  policy: CutPolicy,
  seeds: number,
): Promise<{ all: Set<string>; atEnd: Set<string> }> {
  const at = replayer(t, log);
  const all = new Set<string>();
  const atEnd = new Set<string>();
  for (let cut = log.start; cut <= log.operations.length; cut++) {
    for (let seed = 1; seed <= seeds; seed++) {
      const bytes = await readFile(join(await at(cut, policy, seed), 'f')).catch(() => undefined);
      const outcome =
        bytes === undefined ? 'absent' : bytes.equals(before) ? 'old' : bytes.equals(after) ? 'new' : 'wrong';
      all.add(outcome);
      if (cut === log.operations.length) atEnd.add(outcome);
    }
  }
  return { all, atEnd };
}

async function logOfReplacement(t: TestContext, forget?: 'fsync' | 'fsyncdir'): Promise<OperationLog> {
  const backing = await scratchFolder(t, 'backing');
  await writeFile(join(backing, 'f'), before);
  return logOf(t, (faults) => replaceFile(faults.path, 'f', after, forget), backing);
}

for (const [name, policy] of Object.entries(cutPolicies)) {
  test(`a writer that does everything right never loses the file (${name})`, async (t) => {
    const { all, atEnd } = await outcomes(
      t,
      await logOfReplacement(t),
      policy,
      policy.writes === 'random' ? 5 : 1,
    );
    assert.deepEqual([...all].sort(), ['new', 'old']);
    assert.deepEqual([...atEnd], ['new']);
  });
}

test('a writer that forgets to fsync before the rename loses both old and new', async (t) => {
  const log = await logOfReplacement(t, 'fsync');
  assert.ok((await outcomes(t, log, cutPolicies.forgetful, 1)).atEnd.has('wrong'));
  assert.ok((await outcomes(t, log, cutPolicies.journal, 5)).atEnd.has('wrong'));
  assert.ok(!(await outcomes(t, log, cutPolicies.orderly, 1)).all.has('wrong'));
});

test('a writer that forgets to fsync the folder finds the old file', async (t) => {
  const log = await logOfReplacement(t, 'fsyncdir');
  assert.deepEqual([...(await outcomes(t, log, cutPolicies.forgetful, 1)).atEnd], ['old']);
});

test('a new file is gone until its folder is synced, and so is a new folder with all below it', async (t) => {
  const log = await logOf(t, async (faults) => {
    await mkdir(join(faults.path, 'd'));
    await replaceFile(join(faults.path, 'd'), 'f', after);
    await faults.mark('before the root is synced');
    await syncFolder(faults.path);
  });
  const at = replayer(t, log);
  const cut = log.marks[0]!.index;
  assert.deepEqual(await readdir(await at(cut, cutPolicies.forgetful)), []);
  assert.deepEqual(await readFile(join(await at(cut + 2, cutPolicies.forgetful), 'd/f')), after);
});

test('a removed file is back until its folder is synced, with the bytes that were synced', async (t) => {
  const log = await logOf(t, async (faults) => {
    const path = join(faults.path, 'f');
    await replaceFile(faults.path, 'f', after);
    await writeFile(path, 'never synced', { flag: 'r+' });
    await rm(path);
    await faults.mark('removed');
    await syncFolder(faults.path);
  });
  const at = replayer(t, log);
  const cut = log.marks[0]!.index;
  assert.deepEqual(await readFile(join(await at(cut, cutPolicies.forgetful), 'f')), after);
  assert.deepEqual(await readdir(await at(cut, cutPolicies.orderly)), []);
  assert.deepEqual(await readdir(await at(cut + 2, cutPolicies.forgetful)), []);
});

test('an overwrite that was not synced is torn along sectors and nowhere else', async (t) => {
  const size = 64 * 512;
  const backing = await scratchFolder(t, 'backing');
  await writeFile(join(backing, 'disk'), Buffer.alloc(size, 1));
  const log = await logOf(
    t,
    async (faults) => {
      const file = await open(join(faults.path, 'disk'), constants.O_RDWR | constants.O_DIRECT);
      await file.write(Buffer.alloc(size, 2), 0, size, 0);
      await file.close();
    },
    backing,
  );
  const at = replayer(t, log);
  let torn = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const bytes = await readFile(join(await at(log.operations.length, cutPolicies.chaos, seed), 'disk'));
    assert.equal(bytes.length, size);
    const sectors = Array.from({ length: 64 }, (_, i) => bytes.subarray(i * 512, i * 512 + 512));
    for (const sector of sectors)
      assert.ok(sector.equals(Buffer.alloc(512, sector[0])) && [1, 2].includes(sector[0]!));
    if (new Set(sectors.map((sector) => sector[0])).size === 2) torn++;
  }
  assert.ok(torn > 2, `torn in ${torn} of 40`);
});

test('bytes that were never synced can come back as anything', async (t) => {
  const log = await logOf(t, async (faults) => {
    await replaceFile(faults.path, 'f', after, 'fsync');
    await syncFolder(faults.path);
  });
  const at = replayer(t, log);
  const seen = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const bytes = await readFile(join(await at(log.operations.length, cutPolicies.journal, seed), 'f')).catch(
      () => undefined,
    );
    if (bytes === undefined) seen.add('absent');
    else if (bytes.equals(after)) seen.add('whole');
    else if (bytes.length === 0) seen.add('empty');
    else if (bytes.length < after.length) seen.add('short');
    else seen.add('wrong bytes');
  }
  assert.deepEqual([...seen].sort(), ['empty', 'short', 'whole', 'wrong bytes']);
});

test('a kept log rebuilds exactly what is there, whatever was done', async (t) => {
  const backing = await scratchFolder(t, 'backing');
  await mkdir(join(backing, 'old/deep'), { recursive: true });
  await writeFile(join(backing, 'old/deep/x "quoted" \\ ü'), noise(9000, 4));
  await symlink('deep', join(backing, 'old/link'));
  let expected = '';
  const log = await logOf(
    t,
    async (faults) => {
      const at = (name: string): string => join(faults.path, name);
      await writeFile(at('a'), noise(200_000, 5));
      await rename(at('old/deep'), at('moved'));
      await mkdir(at('old/deep'));
      await writeFile(at('moved/y'), 'y');
      await symlink('a', at('s'));
      const file = await open(at('a'), 'r+');
      await file.truncate(150_000);
      await file.write(noise(1000, 6), 0, 1000, 180_000);
      await file.close();
      await writeFile(at('a2'), 'to be replaced');
      await rename(at('a'), at('a2'));
      await writeFile(at('b'), 'first');
      await rm(at('b'));
      await writeFile(at('b'), 'second, perhaps with the same inode');
      await writeFile(at('b'), 'third', { flag: 'w' });
      await run('fallocate', ['--punch-hole', '--offset', '5000', '--length', '3000', at('a2')]);
      expected = await treeDigest(faults.path);
    },
    backing,
  );
  const at = replayer(t, log);
  assert.equal(await treeDigest(await at(log.operations.length, cutPolicies.orderly)), expected);
  assert.ok((await stat(join(await at(log.start, cutPolicies.forgetful), 'old/deep'))).isDirectory());
});
