import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { asIs, isPermafrostError, type ListedDisk } from '../engine/index.ts';
import { findBootJob, type BootSystem } from './boot-job.ts';
import { readBelow, type ReadText } from './read-unmounted.ts';

const job = (id: string): string =>
  `version: 1\nid: ${id}\nrepository: { path: /r }\nsteps: [{ verify: {} }]\n`;

/** A machine with these file systems: device, label and files from the root. */
function machine(
  commandLine: string,
  fileSystems: Readonly<Record<string, { label: string; files: Readonly<Record<string, string>> }>> = {},
  more: Partial<BootSystem> = {},
): BootSystem {
  return {
    commandLine: () => Promise.resolve(commandLine),
    describeDisks: () =>
      Promise.resolve(
        Object.entries(fileSystems).map(
          ([path, { label }]) =>
            ({
              disk: { path, partitions: [] },
              uses: [],
              regions: [{ partitions: [], fileSystem: { kind: 'ext4', label } }],
            }) as unknown as ListedDisk,
        ),
      ),
    readFileSystem: (device, _kind, paths) => {
      const { files = {} } = fileSystems[device] ?? {};
      return Promise.resolve(
        paths.flatMap((path): ReadText[] => (files[path] === undefined ? [] : [{ path, text: files[path] }])),
      );
    },
    medium: () => Promise.resolve('/dev/medium'),
    bringUpNetwork: () => Promise.resolve(undefined),
    fetch: () => Promise.resolve({ problem: asIs('no server'), final: false }),
    pause: () => Promise.resolve(),
    ...more,
  };
}

async function failure(system: BootSystem): Promise<string> {
  try {
    await findBootJob({ system, once: true });
  } catch (error) {
    assert.ok(isPermafrostError(error), String(error));
    return `${error.code}: ${error.message}`;
  }
  return assert.fail('it was found');
}

const stick = { '/dev/s': { label: 'PERMAFROST', files: { '/job.yaml': job('stick') } } };

test('a stick with the label and a job; none where there is none', async () => {
  const found = await findBootJob({ system: machine('quiet', stick) });
  assert.equal(found?.file.id, 'stick');
  assert.equal(found.source, 'job.yaml on /dev/s (label PERMAFROST)');
  assert.equal(await findBootJob({ system: machine('quiet permafrost.job=none', stick) }), undefined);
  assert.equal(
    await findBootJob({
      system: machine('', { '/dev/s': { label: 'permafrost', files: stick['/dev/s'].files } }),
    }),
    undefined,
  );
});

test('the command line names a path on the medium, on a label, or an address', async () => {
  const systems = {
    '/dev/medium': { label: 'PERMAFROST', files: { '/jobs/a.yaml': job('medium') } },
    '/dev/l': { label: 'LAB', files: { '/b.yaml': job('label') } },
  };
  const id = async (word: string, more: Partial<BootSystem> = {}): Promise<string | undefined> =>
    (await findBootJob({ system: machine(`permafrost.job=${word}`, systems, more) }))?.file.id;
  assert.equal(await id('/jobs/a.yaml'), 'medium');
  assert.equal(await id('LABEL=LAB:/b.yaml'), 'label');
  let asked: unknown[] = [];
  const fetch: BootSystem['fetch'] = (...given) => {
    asked = given;
    return Promise.resolve({ text: job('web') });
  };
  assert.equal(await id('http://x/j permafrost.job.sha256=00', { fetch }), 'web');
  assert.deepEqual(asked.slice(0, 2), ['http://x/j', '00']);
});

test('a sum on the command line is that of the job, wherever it lies', async () => {
  const systems = {
    '/dev/medium': { label: 'PERMAFROST', files: { '/a.yaml': job('medium') } },
    '/dev/l': { label: 'LAB', files: { '/a.yaml': job('medium') } },
  };
  const sum = createHash('sha256').update(job('medium')).digest('hex').toUpperCase();
  for (const word of ['/a.yaml', 'LABEL=LAB:/a.yaml']) {
    const line = `permafrost.job=${word} permafrost.job.sha256=`;
    assert.equal((await findBootJob({ system: machine(line + sum, systems) }))?.file.id, 'medium');
    assert.match(await failure(machine(line + '0'.repeat(64), systems)), /not-found: .*its SHA-256 is/);
    assert.match(await failure(machine(`${line}12`, systems)), /not-found: .*64 hexadecimal digits/);
  }
});

test('more than one job is an error that names both', async () => {
  const two = {
    ...stick,
    '/dev/t': { label: 'PERMAFROST', files: { '/permafrost-job.yaml': job('other') } },
  };
  assert.match(await failure(machine('', two)), /ambiguous.*\/dev\/s .* and .*\/dev\/t/);
  const both = {
    '/dev/s': { label: 'PERMAFROST', files: { '/job.yaml': job('a'), '/permafrost-job.yaml': job('b') } },
  };
  assert.match(await failure(machine('', both)), /ambiguous/);
  const named = machine('permafrost.job=LABEL=LAB:/b.yaml', {
    ...stick,
    '/dev/l': { label: 'LAB', files: { '/b.yaml': job('label') } },
  });
  assert.match(await failure(named), /ambiguous: .*b\.yaml on .* \(label LAB\) and job\.yaml/);
});

test('a job that is named and not there, or no job file, is an error; a server is waited for', async () => {
  assert.match(await failure(machine('permafrost.job=/x')), /not-found: .*holds no \/x/);
  assert.match(await failure(machine('permafrost.job=LABEL=LAB:/x')), /no file system has the label LAB/);
  assert.match(await failure(machine('permafrost.job=ftp://x')), /is none of/);
  assert.match(
    await failure(machine('permafrost.job=/x', {}, { medium: () => Promise.resolve(undefined) })),
    /none/,
  );
  const broken = { '/dev/s': { label: 'PERMAFROST', files: { '/job.yaml': 'version: 2' } } };
  assert.match(await failure(machine('', broken)), /^job-file\/invalid: job\.yaml on \/dev\/s.*\n.*line 1/);
  let tries = 0;
  const said: (string | undefined)[] = [];
  const found = await findBootJob({
    onWaiting: (what) => said.push(what),
    system: machine(
      'permafrost.job=http://x/j',
      {},
      {
        fetch: () =>
          Promise.resolve(++tries < 3 ? { problem: asIs('no answer'), final: false } : { text: job('web') }),
      },
    ),
  });
  assert.equal(found?.file.id, 'web');
  assert.deepEqual(said, ['the job http://x/j no answer', undefined]);
});

test('a file system that cannot be mounted is said and does not hide a job elsewhere', async () => {
  const notes: string[] = [];
  const system = machine('permafrost.job=/a', { '/dev/s': { label: 'PERMAFROST', files: {} } });
  const found = await findBootJob({
    onNote: (note) => notes.push(note),
    system: {
      ...system,
      readFileSystem: (device, _kind, [path]) =>
        Promise.resolve(
          device === '/dev/s' ? { problem: asIs('bad superblock') } : [{ path: path!, text: job('medium') }],
        ),
    },
  });
  assert.equal(found?.file.id, 'medium');
  assert.match(notes[0]!, /\/dev\/s .*bad superblock/);
});

test('a file of a hostile file system: no link out of it, no pipe, nothing endless', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'permafrost-root-'));
  t.after(() => rm(root, { recursive: true }));
  await symlink('/etc/passwd', join(root, 'out'));
  await symlink('../../../../../../etc/passwd', join(root, 'up'));
  await symlink('real', join(root, 'in'));
  await writeFile(join(root, 'real'), 'text');
  await writeFile(join(root, 'large'), Buffer.alloc(300_000));
  for (const name of ['out', 'up']) assert.ok('problem' in (await readBelow(root, `/${name}`))!, name);
  assert.deepEqual(await readBelow(root, '/in'), { text: 'text' });
  assert.match(((await readBelow(root, '/large')) as { problem: string }).problem, /larger than/);
  assert.match(((await readBelow(root, '/../')) as { problem: string }).problem, /leads elsewhere/);
  assert.equal(await readBelow(root, '/missing'), undefined);
});
