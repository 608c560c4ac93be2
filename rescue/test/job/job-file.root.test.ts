/** Job files from the command line: whole runs on real disks, and what stops them before any write. */
import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseJobFile } from '../../src/unattended/job-file.ts';
import { runJobFile } from '../../src/unattended/run-job-file.ts';
import { run } from '../support/command.ts';
import { mountFaultFs } from '../support/faultfs.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';
import { inspect, makeDisk, permafrost, start, usedDigest, type CliResult } from './support.ts';

const MIB = 1024 * 1024;

test('a job file images a disk, checks the image and puts it on another, once for a machine', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const source = await makeDisk(folder);
  const target = join(folder, 'target.img');
  const path = join(folder, 'job.yaml');
  const repo = join(folder, 'repository');
  const text = `version: 1
id: round
countdown: 1
repository: { path: ${repo} }
steps:
  - image: { source: { file: ${source} }, name: made }
  - verify: { image: made }
  - restore: { image: made, target: { file: ${target} } }
`;
  await writeFile(path, text);
  await permafrost(['run', path, '--dry-run']);
  assert.ok(!(await readdir(folder)).includes('target.img'));
  const { stdout, stderr } = await permafrost(['run', path]);
  assert.match(stdout + stderr, /OVERWRITE .*target\.img/);
  assert.match(stdout + stderr, /begins in 1 second\./);
  const plan = await inspect(source);
  assert.equal(await usedDigest(target, plan), await usedDigest(source, plan));
  const [name] = await readdir(join(repo, 'jobs/round'));
  const record = JSON.parse(await readFile(join(repo, 'jobs/round', name!), 'utf8')) as {
    outcome: string;
    reports: unknown[];
  };
  assert.deepEqual([record.outcome, record.reports.length], ['done', 3]);

  const again = await permafrost(['run', path], 1);
  assert.match(again.stderr, /ran the job\s+"round"\s+already/);
  await writeFile(
    path,
    text.replace('id: round', 'id: round\nrepeat: true').replaceAll('image: made', 'image: latest'),
  );
  await permafrost(['run', path]);
  await permafrost(['verify', '--repo', repo]);
});

test('a job file clones a disk to two others', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const source = await makeDisk(folder);
  const targets = [join(folder, 'a.img'), join(folder, 'b.img')];
  const path = join(folder, 'job.yaml');
  await writeFile(
    path,
    `version: 1
id: twins
countdown: 0
repository: { path: ${join(folder, 'repository')} }
steps:
  - clone: { source: { file: ${source} }, targets: [{ file: ${targets[0]!} }, { file: ${targets[1]!} }] }
`,
  );
  const { stdout, stderr } = await permafrost(['run', path]);
  assert.match((stdout + stderr).replaceAll(/\s+/g, ' '), /OVERWRITE \S+a\.img, \S+b\.img with \S+disk\.img/);
  const plan = await inspect(source);
  for (const target of targets) assert.equal(await usedDigest(target, plan), await usedDigest(source, plan));
  // Nothing had to be there: the folder is for the record alone.
  const again = await permafrost(['run', path], 1);
  assert.match(again.stderr, /ran the job\s+"twins"\s+already/);
});

test('a step that fails ends the job, and what it did is recorded', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const path = join(folder, 'job.yaml');
  const repo = join(folder, 'repository');
  const target = await sparseFile(join(folder, 'small.img'), 1024 * 1024);
  const source = await makeDisk(folder);
  await writeFile(
    path,
    `version: 1
id: fails
countdown: 0
repository: { path: ${repo} }
steps:
  - image: { source: { file: ${source} }, name: made }
  - restore: { image: made, target: { file: ${target} } }
  - verify: {}
`,
  );
  const { events } = await permafrost(['run', path, '--json'], 1);
  const reports = events.filter(({ type }) => type === 'report');
  assert.deepEqual(
    reports.map(({ outcome }) => outcome),
    ['done', 'failed'],
  );
  assert.equal(
    (await readFile(target)).some((byte) => byte !== 0),
    false,
  );
  assert.match(await readFile(String(events.at(-1)!['recordPath']), 'utf8'), /"outcome": "failed"/);
});

test('a repository is found by its label, mounted for the job and left unmounted', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const source = await makeDisk(folder);
  const stick = await sparseFile(join(folder, 'stick.img'), 160 * 1024 * 1024);
  const label = `PF${process.pid}`;
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', label, stick]);
  const path = join(folder, 'job.yaml');
  const job = (id: string): string => `version: 1
id: ${id}
repository: { label: ${label}, folder: lab/images }
wait: 0
steps:
  - image: { source: { file: ${source} } }
`;
  await writeFile(path, job('one'));
  const missing = await permafrost(['run', path], 1);
  assert.match(missing.stderr.replaceAll(/\s+/g, ' '), new RegExp(`label ${label} is not there`));
  const { device } = await attachLoop(t, stick);
  await permafrost(['run', path]);
  assert.doesNotMatch(await readFile('/proc/self/mountinfo', 'utf8'), new RegExp(`${device} `));
  const mount = join(folder, 'mount');
  await mkdir(mount);
  await run('mount', ['-o', 'ro', device, mount]);
  try {
    assert.deepEqual((await readdir(join(mount, 'lab/images/images'))).length, 1);
    assert.deepEqual(await readdir(join(mount, 'lab/images/jobs')), ['one']);
  } finally {
    await run('umount', [mount]);
  }
  // A second file system of the same name: nobody can say which one is meant.
  const twin = join(folder, 'twin.img');
  await run('cp', ['--sparse=always', stick, twin]);
  await attachLoop(t, twin);
  await writeFile(path, job('two'));
  const { stderr } = await permafrost(['run', path], 1);
  assert.match(stderr, /could\s+be\s+one\s+of\s+several/);
});

test('a countdown can be stopped, and then nothing was written', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const source = await makeDisk(folder);
  const repo = join(folder, 'repository');
  await permafrost(['image', source, '--repo', repo]);
  const target = await sparseFile(join(folder, 'target.img'), 1024);
  const path = join(folder, 'job.yaml');
  await writeFile(
    path,
    `version: 1
id: stopped
countdown: 60
repository: { path: ${repo} }
steps: [{ restore: { image: latest, target: { file: ${target} } } }]
`,
  );
  const { child, ended } = start(['run', path]);
  await new Promise<void>((resolve) => {
    child.stdout!.on('data', (data: Buffer) => {
      if (data.toString().includes('begins in')) resolve();
    });
  });
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /Nothing was written/);
  assert.equal((await readFile(target)).length, 1024);
  assert.ok(!(await readdir(repo)).includes('jobs'));
});

test('what kill -9 interrupts goes on where it was, and never images what it had half overwritten', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const fs = await mountFaultFs(t);
  const repo = join(folder, 'repository');
  const target = join(fs.path, 'target.img');
  const source = await makeDisk(folder);
  const path = join(folder, 'job.yaml');
  const text = `version: 1
id: cut
countdown: 0
repository: { path: ${repo} }
steps:
  - image: { source: { file: ${source} }, name: made }
  - restore: { image: latest, target: { file: ${target} } }
`;
  await writeFile(path, text);
  // In its second partition, and no further.
  await fs.hang({ operation: 'write', path: 'target.img', start: 18 * MIB, end: 56 * MIB });
  const { child, ended } = start(['run', path, '--json']);
  await fs.hangs();
  child.kill('SIGKILL');
  await fs.remove();
  await ended;

  await writeFile(path, text.replace('name: made', 'name: other'));
  const changed = await permafrost(['run', path], 1);
  assert.match(changed.stderr.replaceAll(/\s+/g, ' '), /interrupted while it overwrote .*has changed since/);

  await writeFile(path, text);
  const { events } = await permafrost(['run', path, '--json']);
  const job = events.find(({ type }) => type === 'job')!;
  assert.equal(job['firstStep'], 2);
  const steps = events.filter(({ type }) => type === 'step');
  assert.deepEqual(
    steps.map(({ step, continues, job }) => [step, continues, (job as { delta?: boolean }).delta]),
    [[2, true, true]],
  );
  assert.equal(events.at(-1)!['outcome'], 'done');
  const record = JSON.parse(await readFile(String(events.at(-1)!['recordPath']), 'utf8')) as {
    state: string;
    reports: { job: { kind: string } }[];
  };
  assert.equal(record.state, 'finished');
  assert.deepEqual(
    record.reports.map(({ job }) => job.kind),
    ['image', 'restore'],
  );
  const plan = await inspect(source);
  assert.equal(await usedDigest(target, plan), await usedDigest(source, plan));
  assert.equal((await readdir(join(repo, 'images'))).length, 1);
});

test('images that may only be read: a job that could run for ever needs to be told that it may', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const repo = join(folder, 'repository');
  const readOnly = join(folder, 'read-only');
  const source = await makeDisk(folder);
  await permafrost(['image', source, '--repo', repo]);
  await mkdir(readOnly);
  await run('mount', ['--bind', repo, readOnly]);
  await run('mount', ['-o', 'remount,bind,ro', readOnly]);
  const path = join(folder, 'job.yaml');
  const text = `version: 1\nid: ro\nrepository: { path: ${readOnly} }\nsteps: [{ verify: {} }]\n`;
  await writeFile(path, text);
  const { stderr } = await permafrost(['run', path], 1);
  assert.match(stderr.replaceAll(/\s+/g, ' '), /may only be read.*repeat: true/);
  await writeFile(path, `repeat: true\n${text}`);
  const { stdout } = await permafrost(['run', path]);
  assert.match(stdout, /no record of this job is kept/);
});

test('looking for the job of a start, and for what it would do, changes no byte of a disk', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const stick = await sparseFile(join(folder, 'stick.img'), 64 * 1024 * 1024);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'PERMAFROST', stick]);
  const mount = join(folder, 'mount');
  await mkdir(mount);
  await run('mount', ['-o', 'loop', stick, mount]);
  const job = 'version: 1\nid: found\nrepository: { label: PERMAFROST }\nsteps: [{ verify: {} }]\n';
  await writeFile(join(mount, 'job.yaml'), job);
  await run('sync', ['-f', mount]);
  // As it is after a power cut: with a journal that a driver would replay.
  const dirty = join(folder, 'dirty.img');
  await run('cp', [stick, dirty]);
  await run('umount', [mount]);
  const { stdout: features } = await run('dumpe2fs', ['-h', dirty]);
  assert.match(features, /needs_recovery/);
  const before = await run('sha256sum', [dirty]);
  const { device } = await attachLoop(t, dirty);
  const { stdout } = await permafrost(['boot-job', '--dry-run']);
  assert.ok(
    stdout.replaceAll(/\s+/g, ' ').includes(`"found": job.yaml on ${device} (label PERMAFROST)`),
    stdout,
  );
  assert.match(stdout, /1\. check all images/);
  await run('sync', ['-f', dirty]);
  await run('blockdev', ['--flushbufs', device]);
  assert.equal((await run('sha256sum', [dirty])).stdout, before.stdout);
});

test('how a job ends is said, and done only where that was allowed', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const repo = join(folder, 'repository');
  const source = await makeDisk(folder);
  await permafrost(['image', source, '--repo', repo]);
  const path = join(folder, 'job.yaml');
  const programs = join(folder, 'programs');
  await mkdir(programs);
  await writeFile(join(programs, 'poweroff'), `#!/bin/sh\necho off >>${folder}/ended\n`, { mode: 0o755 });
  await writeFile(join(programs, 'reboot'), `#!/bin/sh\necho again >>${folder}/ended\n`, { mode: 0o755 });
  const env = { PATH: `${programs}:${process.env['PATH']!}` };
  const runWith = async (args: string[], steps: string, code = 0): Promise<CliResult> => {
    await writeFile(
      path,
      `version: 1\nid: end\nrepeat: true\nend: power-off\non-failure: reboot\nrepository: { path: ${repo} }\nsteps: [${steps}]\n`,
    );
    return permafrost(['run', path, ...args], code, { env });
  };
  const { stdout } = await runWith([], '{ verify: {} }');
  assert.match(stdout.replaceAll(/\s+/g, ' '), /would end with power-off/);
  assert.ok(!(await readdir(folder)).includes('ended'));
  await runWith(['--allow-end', '--json'], '{ verify: {} }');
  await runWith(['--allow-end'], '{ verify: { image: missing } }', 1);
  assert.equal(await readFile(join(folder, 'ended'), 'utf8'), 'off\nagain\n');
});

test('a file with mistakes is refused with its lines, exit 2', async (t) => {
  const path = join(await scratchFolder(t, 'job-file'), 'job.yaml');
  await writeFile(path, 'version: 1\nid: x\nrepository: { path: r }\nsteps:\n  - image: { source: sda }\n');
  const { stderr } = await permafrost(['run', path], 2);
  assert.match(stderr, /line 5:\s+steps\.0\.image\.source/);
  await permafrost(['run', `${path}.missing`], 2);
});

test('a job whose end could not be recorded goes on in the same process', async (t) => {
  const folder = await scratchFolder(t, 'job-file');
  const source = await makeDisk(folder);
  const jobs = join(folder, 'repository/jobs');
  const file = parseJobFile(
    `version: 1
id: pulled-out
repository: { path: ${join(folder, 'repository')} }
steps:
  - image: { source: { file: ${source} } }
`,
    'here',
  );
  const onReady = (): Promise<void> => Promise.resolve();
  // As if the stick had been pulled out when the step was done.
  const emit = (event: { readonly type: string }): void => {
    if (event.type !== 'report') return;
    renameSync(jobs, `${jobs}-aside`);
    writeFileSync(jobs, 'not a folder');
  };
  const { recordPath } = await runJobFile(file, { emit, onReady });
  assert.equal(recordPath, undefined);
  rmSync(jobs);
  renameSync(`${jobs}-aside`, jobs);
  const steps: unknown[] = [];
  const again = await runJobFile(file, {
    emit: (event) => {
      if (event.type === 'step') steps.push(event.continues);
    },
    onReady,
  });
  assert.deepEqual([again.outcome, steps], ['done', [true]]);
});
