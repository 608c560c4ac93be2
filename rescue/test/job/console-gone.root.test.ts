/** Who reads along goes away, or cannot be told: a job ends as it would have, and says so. */
import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { program } from '../support/program.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';
import { inspect, makeDisk, permafrost, start, usedDigest } from './support.ts';

test('a restore whose output nobody reads any more is done to its end', async (t) => {
  const folder = await scratchFolder(t, 'console');
  const source = await makeDisk(folder);
  const repo = join(folder, 'repository');
  await permafrost(['image', source, '--repo', repo]);
  const plan = await inspect(source);
  const wanted = await usedDigest(source, plan);
  const full = openSync('/dev/full', 'w');
  const cases = [
    ['stdout', [], 0],
    ['stdout', ['--json'], 0],
    ['stderr', [], 0],
    // What cannot be written although somebody wants it is a failure, of nothing but the output.
    [full, ['--json'], 1],
  ] as const;
  for (const [i, [lost, args, code]] of cases.entries()) {
    const target = join(folder, `target-${i}.img`);
    const [file, ...before] = program;
    const child = spawn(file, [...before, 'restore', 'latest', target, '--repo', repo, '--yes', ...args], {
      stdio: ['ignore', lost === full ? full : 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr!.on('data', (data: Buffer) => (stderr += data.toString()));
    // As `| head -0` does: the pipe is closed before the first line.
    if (typeof lost === 'string') child[lost]!.destroy();
    if (lost === 'stderr') child.stdout!.resume();
    assert.deepEqual(await once(child, 'close'), [code, null], `${lost} ${args.join()} ${stderr}`);
    assert.equal(await usedDigest(target, plan), wanted, `${lost} ${args.join()}`);
    if (lost === full) assert.match(stderr, /standard output is not whole: .*ENOSPC/);
  }
});

test('a terminal that hangs up stops a job cleanly, and leaves nothing mounted', async (t) => {
  const folder = await scratchFolder(t, 'console');
  const source = await makeDisk(folder);
  const stick = await sparseFile(join(folder, 'stick.img'), 160 * 1024 * 1024);
  const label = `PH${process.pid}`;
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', label, stick]);
  const { device } = await attachLoop(t, stick);
  const mount = join(folder, 'mount');
  await mkdir(mount);
  await run('mount', [device, mount]);
  await permafrost(['image', source, '--repo', join(mount, 'permafrost')]);
  await run('umount', [mount]);
  const target = await sparseFile(join(folder, 'target.img'), 1024);
  const path = join(folder, 'job.yaml');
  await writeFile(
    path,
    `version: 1
id: hung-up
countdown: 60
repository: { label: ${label} }
steps: [{ restore: { image: latest, target: { file: ${target} } } }]
`,
  );
  const { child, ended } = start(['run', path]);
  await new Promise<void>((resolve) => {
    child.stdout!.on('data', (data: Buffer) => {
      if (data.toString().includes('begins in')) resolve();
    });
  });
  assert.match(await readFile('/proc/self/mountinfo', 'utf8'), new RegExp(`${device} `));
  // The kernel says so to the job, and then the shell says it again.
  child.kill('SIGHUP');
  child.kill('SIGHUP');
  const { code, stderr } = await ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /Nothing was written/);
  assert.doesNotMatch(await readFile('/proc/self/mountinfo', 'utf8'), new RegExp(`${device} `));
  assert.equal((await readFile(target)).length, 1024);
});
