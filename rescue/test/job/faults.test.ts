import assert from 'node:assert/strict';
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { runRestore, runVerify } from '../../src/engine/index.ts';
import { run } from '../support/command.ts';
import { mountFaultFs } from '../support/faultfs.ts';
import { limitMs } from '../support/patience.ts';
import { scratchFolder } from '../support/scratch.ts';
import {
  assertRestored,
  copyRepository,
  inspect,
  makeDisk,
  permafrost,
  start,
  usedDigest,
} from './support.ts';

const MIB = 1024 * 1024;

test('unreadable sectors that matter are gaps, those that no file system uses are none', async (t) => {
  const folder = await scratchFolder(t, 'bad-sectors');
  const fs = await mountFaultFs(t);
  const disk = await makeDisk(fs.backing);
  const plan = await inspect(disk);
  const ext4 = plan.regions.find(({ partitions }) => partitions.includes(2))!;
  // The photograph: the longest run of used bytes of the file system.
  const [start] = ext4.used!.reduce((a, b) => (b[1] > a[1] ? b : a));
  const badAt = ext4.start + start + MIB;
  const last = ext4.used!.at(-1)!;
  const unusedAt = ext4.start + last[0] + last[1];
  await fs.fail('EIO', { operation: 'read', path: 'disk.img', start: badAt, end: badAt + 1024 });
  await fs.fail('EIO', { operation: 'read', path: 'disk.img', start: unusedAt, end: unusedAt + 512 });
  const repo = join(folder, 'repository');
  const source = join(fs.path, 'disk.img');
  const { report } = await permafrost(['image', source, '--repo', repo, '--json'], 3);
  assert.equal(report.outcome, 'done-with-gaps');
  const covered = report.gaps.filter(
    ({ offset, length }) => offset <= badAt && offset + length >= badAt + 1024,
  );
  assert.equal(covered.length, 1, JSON.stringify(report.gaps));
  const total = report.gaps.reduce((sum, { length }) => sum + length, 0);
  assert.ok(total <= 8192, `${total} bytes given up for 1024 unreadable ones`);
  assert.equal(report.sums['badBytes'], total);

  const target = join(folder, 'restored.img');
  const restored = await permafrost(['restore', 'latest', target, '--repo', repo, '--yes', '--json'], 3);
  assert.deepEqual(
    restored.report.gaps.map(({ offset, length }) => [offset, length]),
    report.gaps.map(({ offset, length }) => [offset, length]),
  );
  // Everything but the gap is there: with the gap zeroed in both, they are equal.
  const mended = join(folder, 'mended.img');
  await run('cp', ['--sparse=always', disk, mended]);
  const file = await open(mended, 'r+');
  for (const { offset, length } of report.gaps) await file.write(Buffer.alloc(length), 0, length, offset);
  await file.close();
  assert.equal(await usedDigest(target, plan), await usedDigest(mended, plan));
  await permafrost(['verify', '--repo', repo]);
});

test('Ctrl-C ends it soon although a read hangs, and nothing is committed', async (t) => {
  const folder = await scratchFolder(t, 'hang');
  const fs = await mountFaultFs(t);
  await makeDisk(fs.backing);
  await fs.hang({ operation: 'read', path: 'disk.img', start: 30 * MIB, end: 31 * MIB });
  const repo = join(folder, 'repository');
  const { child, ended } = start(['image', join(fs.path, 'disk.img'), '--repo', repo, '--raw']);
  await fs.hangs();
  const startMs = performance.now();
  child.kill('SIGINT');
  const { code } = await ended;
  assert.equal(code, 130);
  // Five seconds by its own clock; a machine with other work may be late.
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < limitMs(15), `took ${tookMs} ms`);
  assert.deepEqual(await readdir(join(repo, 'images')).catch(() => []), []);
  await fs.remove();
});

test('a full disk commits nothing, keeps what was written, and the next run reuses it', async (t) => {
  const folder = await scratchFolder(t, 'full');
  const source = await makeDisk(folder);
  for (const limit of [0, 5000, 700_000, 3 * MIB, 6 * MIB]) {
    const fs = await mountFaultFs(t);
    const repo = join(fs.path, 'repository');
    await fs.limit(limit);
    const { report } = await permafrost(['image', source, '--repo', repo, '--allow-unresolved', '--json'], 1);
    assert.equal(report.error?.code, 'repository/full', `limit ${limit}: ${JSON.stringify(report.error)}`);
    await fs.limit(undefined);
    assert.deepEqual(await readdir(join(repo, 'images')).catch(() => []), [], `limit ${limit}`);
    const again = await permafrost(['image', source, '--repo', repo, '--allow-unresolved', '--json']);
    if (limit >= 6 * MIB)
      assert.ok(again.report.sums['reusedBytes']! > MIB, JSON.stringify(again.report.sums));
    await permafrost(['verify', '--repo', repo]);
    const target = join(folder, `restored-${limit}.img`);
    await permafrost(['restore', 'latest', target, '--repo', repo, '--allow-unresolved', '--yes']);
    await assertRestored(source, target, folder);
    await fs.unmount();
  }
});

test('a killed image run leaves a sound repository, and running it again completes it', async (t) => {
  const folder = await scratchFolder(t, 'kill');
  const source = await makeDisk(folder);
  const repo = join(folder, 'repository');
  const kills = Number(process.env['PERMAFROST_KILLS'] ?? 8);
  for (let i = 0; i < kills; i++) {
    const { child, ended } = start([
      'image',
      source,
      '--repo',
      repo,
      '--raw',
      '--level',
      '19',
      '--name',
      'whole',
    ]);
    await delay(250 + ((i * 397) % 1900));
    child.kill('SIGKILL');
    await ended;
  }
  await permafrost(['image', source, '--repo', repo, '--raw', '--name', 'whole']);
  await permafrost(['verify', '--repo', repo]);
  const left = (await readdir(join(repo, 'packs'))).filter((name) => name.endsWith('.partial'));
  assert.deepEqual(left, [], 'leftovers of killed runs');
  const target = join(folder, 'restored.img');
  await permafrost(['restore', 'latest', target, '--repo', repo, '--yes']).catch(async () => {
    // Several of the killed runs may have come through: then "latest" is still unique, the name is not.
    await permafrost(['restore', 'whole', target, '--repo', repo, '--yes']);
  });
  await run('cmp', [source, target]);
});

test('a killed restore is not taken for a whole disk, and --delta completes it', async (t) => {
  const folder = await scratchFolder(t, 'kill-restore');
  const source = await makeDisk(folder);
  const repo = join(folder, 'repository');
  await permafrost(['image', source, '--repo', repo, '--raw']);
  const target = join(folder, 'target.img');
  await run('cp', ['--sparse=always', source, target]);
  const kills = Number(process.env['PERMAFROST_KILLS'] ?? 8);
  for (let i = 0; i < kills; i++) {
    const { child, ended } = start([
      'restore',
      'latest',
      target,
      '--repo',
      repo,
      '--yes',
      '--json',
      ...(i % 2 === 0 ? ['--delta'] : []),
    ]);
    await delay(200 + ((i * 131) % 600));
    child.kill('SIGKILL');
    const { events } = await ended;
    const phases = events.filter(({ type }) => type === 'progress').map((event) => event['phase']);
    const writing = phases.includes('writing') && !phases.includes('finishing');
    if (!writing) continue;
    // The table is written last: where it is there, everything is.
    const hasTable = await run('sfdisk', ['--dump', target]).then(
      () => true,
      (error: unknown) => {
        assert.match(String(error), /does not contain a recognized partition table/);
        return false;
      },
    );
    if (hasTable) await run('cmp', [source, target]);
  }
  await permafrost(['restore', 'latest', target, '--repo', repo, '--yes', '--delta']);
  await run('cmp', [source, target]);
});

test('one flipped byte anywhere in a repository is never a wrong restore that reports success', async (t) => {
  const folder = await scratchFolder(t, 'flip');
  const source = await makeDisk(folder);
  const disk = await inspect(source);
  const digest = await usedDigest(source, disk);
  const original = join(folder, 'repository');
  await permafrost(['image', source, '--repo', original, '--name', 'one']);
  await permafrost(['image', source, '--repo', original, '--name', 'two', '--raw']);
  const files: { path: string; size: number }[] = [];
  for (const name of await readdir(original, { recursive: true })) {
    const info = await stat(join(original, name));
    if (info.isFile()) files.push({ path: name, size: info.size });
  }
  const flips = Number(process.env['PERMAFROST_FLIPS'] ?? 40);
  const target = join(folder, 'flipped.img');
  const outcomes = new Map<string, number>();
  for (let i = 0; i < flips; i++) {
    const repo = await copyRepository(original, join(folder, 'copy'));
    const { path, size } = files[i % files.length]!;
    // Both ends and the middle: prefixes, tables, payloads, indexes and footers all get their turn.
    const at =
      i % 3 === 0
        ? Math.min(size - 1, (i * 7919) % 400)
        : i % 3 === 1
          ? size - 1 - ((i * 104729) % Math.min(size, 600))
          : (i * 15485863) % size;
    const bytes = await readFile(join(repo, path));
    bytes[at]! ^= 1 << (i % 8);
    await writeFile(join(repo, path), bytes);
    const keepGoing = i % 2 === 0;
    // In this process: anything thrown that is not the engine's own error fails the test.
    const report = await runRestore({
      kind: 'restore',
      repository: repo,
      image: 'one',
      targets: [{ target }],
      keepGoing,
    });
    outcomes.set(report.outcome, (outcomes.get(report.outcome) ?? 0) + 1);
    const where = `byte ${at} of ${path}: ${JSON.stringify(report.error ?? report.gaps)}`;
    if (report.outcome === 'done') assert.equal(await usedDigest(target, disk), digest, where);
    if (report.outcome === 'done-with-gaps') assert.ok(report.gaps.length > 0, where);
    const verified = await runVerify({ kind: 'verify', repository: repo });
    if (path.startsWith('packs/')) assert.equal(verified.outcome, 'does-not-verify', where);
    else assert.ok(['done', 'does-not-verify', 'failed'].includes(verified.outcome), where);
    await rm(target, { force: true });
    await rm(repo, { recursive: true });
  }
  assert.ok((outcomes.get('done') ?? 0) < flips, 'some flips must have been met');
});

test('a lost pack loses what lies in it, and imaging again brings it back', async (t) => {
  const folder = await scratchFolder(t, 'lost-pack');
  const source = await makeDisk(folder);
  const repo = join(folder, 'repository');
  await permafrost(['image', source, '--repo', repo]);
  const [pack] = await readdir(join(repo, 'packs'));
  await mkdir(join(folder, 'away'));
  await run('mv', [join(repo, 'packs', pack!), join(folder, 'away')]);
  await permafrost(['verify', '--repo', repo], 4);
  const target = join(folder, 'restored.img');
  const failed = await permafrost(['restore', 'latest', target, '--repo', repo, '--yes'], 4);
  assert.match(failed.stderr, /--keep-going/);
  await permafrost(['image', source, '--repo', repo]);
  await permafrost(['verify', '--repo', repo]);
  await rm(target, { force: true });
  await permafrost(['restore', 'latest', target, '--repo', repo, '--yes']);
  await assertRestored(source, target, folder);
});
