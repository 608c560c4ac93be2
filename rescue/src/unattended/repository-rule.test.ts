import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  isPermafrostError,
  type ListedDisk,
  PermafrostError,
  type ProgramEnd,
  type ProgramRun,
} from '../engine/index.ts';
import type { RepositoryRule } from './job-file.ts';
import type { PlaceSystem } from './place-system.ts';
import { placeRepository } from './repository-rule.ts';

const SECRET = 'corr3ct horse';

interface Fake extends PlaceSystem {
  readonly runs: ProgramRun[];
  readonly pauses: number[];
  readonly released: string[];
}

/** A machine on which every program does well, unless `answer` says otherwise. */
function fake(
  answer: (run: ProgramRun, count: number) => Partial<ProgramEnd> | Promise<Partial<ProgramEnd>> = () => ({}),
  more: Partial<PlaceSystem> = {},
): Fake {
  const runs: ProgramRun[] = [];
  const pauses: number[] = [];
  const released: string[] = [];
  let nowMs = 0;
  return {
    runs,
    pauses,
    released,
    async run(program) {
      runs.push(program);
      const same = runs.filter((one) => one.program === program.program).length;
      return { code: 0, stdout: '', problem: '', ...(await answer(program, same)) };
    },
    describeDisks: () => Promise.resolve([]),
    acquireWritable: (path) => Promise.resolve({ release: () => Promise.resolve(void released.push(path)) }),
    bringUpNetwork: () => Promise.resolve(undefined),
    answers: () => Promise.resolve(true),
    pause(ms) {
      pauses.push(ms);
      nowMs += ms;
      return Promise.resolve();
    },
    nowMs: () => nowMs,
    ...more,
  };
}

function disk(
  path: string,
  ...fileSystems: { kind?: string; label?: string; uuid?: string; length?: number }[]
): ListedDisk {
  return {
    disk: {
      path,
      partitions: fileSystems.map((_, i) => ({ number: i + 1, path: `${path}${i + 1}` })),
    } as unknown as ListedDisk['disk'],
    uses: [],
    regions: fileSystems.map(({ kind = 'ext4', length = 1e9, ...rest }, i) => ({
      name: `partition ${i + 1}`,
      start: 0,
      length,
      partitions: [i + 1],
      fileSystem: { kind, ...rest } as ListedDisk['regions'][number]['fileSystem'],
    })),
  };
}

async function problem(work: Promise<unknown>, code = 'job-file/repository'): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(isPermafrostError(error), String(error));
    assert.equal(error.code, code);
    return error.message;
  }
  return assert.fail('it was placed');
}

const label: RepositoryRule = { label: 'IMAGES', folder: 'lab' };
const smb: RepositoryRule = { smb: '//nas/images', folder: 'lab', username: 'me', password: SECRET };

test('the file system with a label is set writable, mounted, and let go of in the other order', async () => {
  const system = fake(undefined, {
    describeDisks: () => Promise.resolve([disk('/dev/a', { label: 'OTHER' }, { label: 'IMAGES' })]),
  });
  const place = await placeRepository(label, { system });
  assert.ok((await stat(place.path)).isDirectory());
  const mountPoint = dirname(place.path);
  assert.deepEqual(system.runs[0]!.args, ['-o', 'nosuid,nodev,noexec', '/dev/a2', mountPoint]);
  assert.deepEqual(system.released, []);
  // Nothing is really mounted: what was made in the mount point would be in the way.
  await rmdir(place.path);
  await place.release();
  assert.deepEqual(system.runs.at(-1), { program: 'umount', args: [mountPoint], limitMs: 15_000 });
  assert.deepEqual(system.released, ['/dev/a2']);
  assert.ok(!existsSync(dirname(mountPoint)));
});

test('the medium of the rescue environment is not taken for the stick of the same label, unless it is', async () => {
  const parts = [
    { kind: 'iso9660', label: 'PERMAFROST' },
    { kind: 'fat16', label: 'PERMAFROST', length: 8e6 },
  ];
  const rule = { label: 'PERMAFROST', folder: '.' };
  const place = async (...disks: ListedDisk[]): Promise<string> => {
    const system = fake(undefined, { describeDisks: () => Promise.resolve(disks) });
    const { release } = await placeRepository(rule, { system, waitSeconds: 0 });
    await release();
    return system.runs[0]!.args[2]!;
  };
  assert.equal(await place(disk('/dev/s', ...parts), disk('/dev/b', { label: 'PERMAFROST' })), '/dev/b1');
  assert.equal(await place(disk('/dev/s', ...parts, { kind: 'exfat', label: 'PERMAFROST' })), '/dev/s3');
  assert.match(await problem(place(disk('/dev/s', ...parts))), /is not there/);
});

test('a write-protected stick is mounted read-only', async () => {
  const system = fake(undefined, {
    describeDisks: () => Promise.resolve([disk('/dev/a', { label: 'IMAGES' })]),
    acquireWritable: () => Promise.reject(new PermafrostError('device/read-only', { device: '/dev/a1' })),
  });
  const place = await placeRepository(label, { system, folder: 'create' });
  assert.equal(system.runs[0]!.args[1], 'ro,nosuid,nodev,noexec');
  await rmdir(place.path);
  await place.release();
});

test('two file systems that could be meant are an error at once', async () => {
  const system = fake(undefined, {
    describeDisks: () =>
      Promise.resolve([disk('/dev/a', { uuid: 'AB-CD' }), disk('/dev/b', { uuid: 'ab-cd' })]),
  });
  const message = await problem(placeRepository({ uuid: 'AB-cd', folder: 'x' }, { system, waitSeconds: 60 }));
  assert.match(message, /one of several: \/dev\/a1, \/dev\/b1/);
  assert.deepEqual(system.pauses, []);
});

test('what is not there yet is waited for, said once, and found when it comes', async () => {
  let looks = 0;
  const system = fake(undefined, {
    describeDisks: () => Promise.resolve(++looks < 4 ? [] : [disk('/dev/a', { label: 'IMAGES' })]),
  });
  const said: (string | undefined)[] = [];
  const place = await placeRepository(label, { system, folder: 'any', onWaiting: (what) => said.push(what) });
  assert.deepEqual(said, ['the folder lab of the file system with label IMAGES: is not there', undefined]);
  assert.deepEqual(system.pauses, [1000, 2000, 4000]);
  await place.release();
});

test('the wait is as long as was said, and no longer', async () => {
  const system = fake(undefined, { answers: () => Promise.resolve(false) });
  assert.match(
    await problem(placeRepository(smb, { system, waitSeconds: 20 })),
    /nas\/images.* does not answer/,
  );
  assert.equal(
    system.pauses.reduce((sum, ms) => sum + ms, 0),
    20_000,
  );
  assert.deepEqual(system.runs, []);
});

test('a wait can be stopped', async () => {
  const controller = new AbortController();
  const system = fake(undefined, {
    answers: () => Promise.resolve(false),
    pause: () => {
      controller.abort();
      return Promise.reject(new Error('aborted'));
    },
  });
  await problem(
    placeRepository(smb, { system, signal: controller.signal, waitSeconds: Infinity }),
    'job/cancelled',
  );
});

test('a wrong password is not tried again, an unreachable server is, and neither says the password', async () => {
  const wrong = fake(() => ({ code: 32, problem: `mount error(13): Permission denied ${SECRET}` }));
  const said = await problem(placeRepository(smb, { system: wrong }));
  assert.match(said, /Permission denied \*\*\*/);
  assert.equal(wrong.runs.filter(({ program }) => program === 'mount').length, 1);
  const busy = fake((run, count) =>
    run.program === 'mount' && count < 3 ? { code: 32, problem: 'mount error(112): Host is down' } : {},
  );
  const place = await placeRepository(smb, { system: busy, folder: 'any' });
  assert.equal(busy.runs.filter(({ program }) => program === 'mount').length, 3);
  await place.release();
  for (const run of [...wrong.runs, ...busy.runs])
    assert.ok(!JSON.stringify(run).includes(SECRET), JSON.stringify(run));
});

test('a password is in a file that only its owner can read, and gone afterwards', async () => {
  let path = '';
  const system = fake(async ({ program, args }) => {
    if (program !== 'mount') return {};
    path = /credentials=([^,]+)/.exec(args[3]!)![1]!;
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
    assert.equal(await readFile(path, 'utf8'), `username=me\npassword=${SECRET}\n`);
    return {};
  });
  const place = await placeRepository(smb, { system, folder: 'any' });
  assert.ok(path !== '');
  await place.release();
  assert.ok(!existsSync(path));
});

test('no network is said, and waited for', async () => {
  let asked = 0;
  const system = fake(undefined, {
    bringUpNetwork: () => Promise.resolve(++asked < 2 ? 'no address; is a cable in?' : undefined),
  });
  const said: (string | undefined)[] = [];
  const place = await placeRepository(smb, { system, folder: 'any', onWaiting: (what) => said.push(what) });
  assert.match(said[0]!, /is a cable in/);
  await place.release();
});

test('a server that hangs an unmount is left lazily; one that cannot be left is an error', async () => {
  const hung = fake(({ program, args }) =>
    program === 'umount' && !args.includes('-l')
      ? { code: -1, problem: 'did not end within 15 seconds' }
      : {},
  );
  const place = await placeRepository(smb, { system: hung, folder: 'any' });
  await place.release();
  assert.deepEqual(hung.runs.at(-1)!.args.slice(0, 2), ['-i', '-l']);
  const stuck = fake(({ program }) => (program === 'umount' ? { code: 32, problem: 'target is busy' } : {}));
  const other = await placeRepository(smb, { system: stuck, folder: 'any' });
  assert.match(await problem(other.release(), 'job-file/unmount'), /target is busy/);
  await rm(dirname(dirname(other.path)), { recursive: true });
});

test('a folder is never outside of what is mounted, and must be there where nothing may be made', async () => {
  const system = fake();
  for (const folder of ['..', '../x', 'a/../../x'])
    assert.match(await problem(placeRepository({ ...smb, folder }, { system })), /not within/);
  assert.match(await problem(placeRepository(smb, { system, folder: 'existing' })), /cannot be used: ENOENT/);
  assert.equal(system.runs.at(-1)!.program, 'umount');
});

test('an SSH server must have the key that was named', async () => {
  const key = Buffer.from('a key').toString('base64');
  const system = fake(({ program }) =>
    program === 'ssh-keyscan' ? { stdout: `# x\nnas ssh-ed25519 ${key}\n` } : {},
  );
  const bare = { ssh: 'me@nas:2222', folder: '/srv' };
  const unreadable = { ...bare, 'key-file': '/nowhere/key' };
  assert.match(await problem(placeRepository(unreadable, { system })), /key cannot be read/);
  const message = await problem(
    placeRepository({ ...bare, 'host-key': `SHA256:${'A'.repeat(43)}` }, { system, waitSeconds: 60 }),
  );
  assert.match(message, /is not the machine that is meant/);
  const actual = /it has (SHA256:\S+)/.exec(message)![1]!;
  assert.ok(!system.runs.some(({ program }) => program === 'sshfs'));
  let known = '';
  const good = fake(async ({ program, args }) => {
    if (program === 'ssh-keyscan') return { stdout: `nas ssh-ed25519 ${key}\n` };
    if (program === 'sshfs') {
      const file = args.find((arg) => arg.startsWith('UserKnownHostsFile='))!;
      known = await readFile(file.slice(file.indexOf('=') + 1), 'utf8');
      assert.ok(args.includes('StrictHostKeyChecking=yes'));
    }
    return {};
  });
  const place = await placeRepository({ ...bare, 'host-key': actual }, { system: good, folder: 'any' });
  assert.equal(known, `[nas]:2222 ssh-ed25519 ${key}\n`);
  await place.release();
});

test('a folder of this system is used as it is', async () => {
  const path = join('/nonexistent', 'x');
  assert.equal((await placeRepository({ path })).path, path);
  await assert.rejects(mkdir(join(path, 'y')));
});
