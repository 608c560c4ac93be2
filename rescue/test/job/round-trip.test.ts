import assert from 'node:assert/strict';
import { open, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test, after } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Plan } from '../../src/engine/index.ts';
import { run } from '../support/command.ts';
import { fillWithNoise, sparseFile } from '../support/scratch.ts';
import { assertRestored, changeDisk, DISK_MIB, layout, makeDisk, permafrost } from './support.ts';

const MIB = 1024 * 1024;

describe('a disk image file', () => {
  let folder: string;
  let source: string;
  let repo: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'permafrost-round-trip-'));
    source = await makeDisk(folder);
    repo = join(folder, 'repository');
    await permafrost(['image', source, '--repo', repo, '--name', 'first']);
  });
  after(() => rm(folder, { recursive: true }));

  const noisyTarget = async (name: string, mib: number): Promise<string> => {
    const path = await sparseFile(join(folder, name), mib * MIB);
    await fillWithNoise(path, mib * MIB, 77);
    return path;
  };

  test('comes back on a target full of noise, and the report says it was read back', async () => {
    const target = await noisyTarget('noisy.img', DISK_MIB);
    const { report } = await permafrost(['restore', 'first', target, '--repo', repo, '--yes', '--json']);
    assert.equal(report.outcome, 'done');
    assert.equal(report.verified, true);
    await assertRestored(source, target, folder);
  });

  test('gets no name that would keep the image from being opened', async () => {
    const other = join(folder, 'unnamed');
    const { stderr } = await permafrost(['image', source, '--repo', other, '--name', 'x'.repeat(4097)], 2);
    assert.match(stderr, /at most 4096 characters/);
    await assert.rejects(stat(other), 'nothing was begun');
  });

  test('comes back in a file that did not exist, which stays sparse', async () => {
    const target = join(folder, 'new.img');
    await permafrost(['restore', 'first', target, '--repo', repo, '--yes']);
    await assertRestored(source, target, folder);
    const { blocks, size } = await stat(target);
    assert.equal(size, DISK_MIB * MIB);
    assert.ok(blocks * 512 < size / 2, `${blocks * 512} bytes allocated`);
  });

  test('comes back on a larger target, where the GPT backup moves to the end', async () => {
    const target = await noisyTarget('larger.img', 100);
    await permafrost(['restore', 'first', target, '--repo', repo, '--yes']);
    const { stdout } = await run('sgdisk', ['-v', target]);
    assert.match(stdout, /No problems found/);
    const { stdout: dump } = await run('sfdisk', ['-d', target]);
    assert.match(dump, /last-lba: 204766/);
    const { stdout: fsck } = await run('dd', [
      `if=${target}`,
      `of=${join(folder, 'p2')}`,
      'bs=1M',
      'skip=17',
      'count=40',
      'status=none',
    ]);
    assert.equal(fsck, '');
    await run('e2fsck', ['-fn', join(folder, 'p2')]);
  });

  test('comes back on a smaller target that still holds the partitions', async () => {
    const target = await noisyTarget('smaller.img', 62);
    await permafrost(['restore', 'first', target, '--repo', repo, '--yes']);
    const { stdout } = await run('sgdisk', ['-v', target]);
    assert.match(stdout, /No problems found/);
  });

  test('is refused on a target that is too small, with the numbers, and no byte changes', async () => {
    const target = await noisyTarget('tiny.img', 8);
    const before = await run('sha256sum', [target]);
    const { stderr } = await permafrost(['restore', 'first', target, '--repo', repo, '--yes'], 1);
    assert.match(stderr, /too small:\s+it\s+has\s+8388608\s+bytes\s+and\s+\d+\s+are\s+needed/);
    assert.deepEqual(await run('sha256sum', [target]), before);
  });

  test('can be restored by partition, leaving the others alone', async () => {
    const target = join(folder, 'partition.img');
    await run('cp', ['--sparse=always', source, target]);
    const file = await open(target, 'r+');
    for (const { startMiB, sizeMiB } of layout)
      await file.write(Buffer.alloc(sizeMiB * MIB, 0x5a), 0, sizeMiB * MIB, startMiB * MIB);
    await file.close();
    await permafrost(['restore', 'first', target, '--repo', repo, '--partition', '2', '--yes']);
    const part = join(folder, 'partition.p2');
    await run('dd', [`if=${target}`, `of=${part}`, 'bs=1M', 'skip=17', 'count=40', 'status=none']);
    await run('e2fsck', ['-fn', part]);
    const rest = await open(target, 'r');
    const bytes = Buffer.alloc(16 * MIB);
    await rest.read(bytes, 0, bytes.length, MIB);
    await rest.close();
    assert.ok(
      bytes.every((byte) => byte === 0x5a),
      'partition 1 was not to be touched',
    );
  });

  test('is refused where the partition lies elsewhere', async () => {
    const target = await sparseFile(join(folder, 'elsewhere.img'), DISK_MIB * MIB);
    await run('sfdisk', ['--quiet', target], {
      input: 'label: gpt\nstart=2048,size=2048\nstart=8192,size=81920\n',
    });
    const { stderr } = await permafrost(
      ['restore', 'first', target, '--repo', repo, '--partition', '2', '--yes'],
      1,
    );
    assert.match(stderr, /partition 2 has 41943040 bytes at 4194304/);
  });

  test('with --delta only what differs is written', async () => {
    const target = join(folder, 'delta.img');
    await run('cp', ['--sparse=always', source, target]);
    await permafrost(['restore', 'first', target, '--repo', repo, '--yes']);
    await changeDisk(target, folder);
    const { report } = await permafrost([
      'restore',
      'first',
      target,
      '--repo',
      repo,
      '--yes',
      '--delta',
      '--json',
    ]);
    assert.ok(report.sums['writtenBytes']! < 12 * MIB, `${report.sums['writtenBytes']} bytes written`);
    await assertRestored(source, target, folder);
  });

  test('costs only what changed the second time', async () => {
    const again = await permafrost(['image', source, '--repo', repo, '--name', 'unchanged', '--json']);
    assert.equal(again.report.sums['newBytes'], 0);
    assert.equal(again.report.sums['storedBytes'], 0);
    const changed = join(folder, 'changed.img');
    await run('cp', ['--sparse=always', source, changed]);
    await changeDisk(changed, folder);
    const { report } = await permafrost(['image', changed, '--repo', repo, '--name', 'second', '--json']);
    assert.ok(report.sums['newBytes']! < 6 * MIB, `${report.sums['newBytes']} bytes new`);
    const target = join(folder, 'second.img');
    await permafrost(['restore', 'second', target, '--repo', repo, '--yes']);
    await assertRestored(changed, target, folder);
    const first = join(folder, 'first-again.img');
    await permafrost(['restore', 'first', first, '--repo', repo, '--yes']);
    await assertRestored(source, first, folder);
  });

  test('several disks make one image, and come back by number', async () => {
    const other = await makeDisk(folder, 'other.img', { seed: 9 });
    await permafrost(['image', source, other, '--repo', repo, '--name', 'both']);
    const targets = [join(folder, 'both-1.img'), join(folder, 'both-2.img')];
    const { stderr } = await permafrost(['restore', 'both', targets[0]!, '--repo', repo, '--yes'], 2);
    assert.match(stderr, /disks 1, 2/);
    await permafrost([
      'restore',
      'both',
      '--disk',
      `1=${targets[0]!}`,
      '--disk',
      `2=${targets[1]!}`,
      '--repo',
      repo,
      '--yes',
    ]);
    await assertRestored(source, targets[0]!, folder);
    await assertRestored(other, targets[1]!, folder);
    await permafrost(['restore', 'latest', join(folder, 'x.img'), '--repo', repo, '--yes'], 1);
  });

  test('everything in the repository verifies, also by the second codec', async () => {
    await permafrost(['verify', '--repo', repo]);
    await permafrost(['verify', '--repo', repo, '--independent']);
    await permafrost(['verify', 'first', '--repo', repo]);
  });

  test('a plan names what it would destroy and its digest; nothing is written by --dry-run', async () => {
    const target = join(folder, 'planned.img');
    await run('cp', ['--sparse=always', source, target]);
    const sum = await run('sha256sum', [target]);
    const { stdout } = await permafrost(['restore', 'first', target, '--repo', repo, '--dry-run']);
    assert.match(stdout, /WILL BE OVERWRITTEN AND LOST/);
    assert.match(stdout, /partition 2: ext4 "small"/);
    assert.match(stdout, /plan [0-9a-f]{32}/);
    const { events } = await permafrost(['restore', 'first', target, '--repo', repo, '--dry-run', '--json']);
    const plan = events.find(({ type }) => type === 'plan') as unknown as Plan;
    assert.deepEqual(
      plan.disks[0]?.regions.flatMap(({ partitions: [number], fileSystem }) =>
        number === undefined ? [] : [[number, fileSystem?.kind, fileSystem?.label]],
      ),
      [
        [1, 'fat16', 'SMALL'],
        [2, 'ext4', 'small'],
        [3, 'swap', undefined],
      ],
      'what will be on the target',
    );
    assert.deepEqual(await run('sha256sum', [target]), sum);
    const before = await readdir(join(repo, 'images'));
    await permafrost(['image', source, '--repo', repo, '--dry-run']);
    assert.deepEqual(await readdir(join(repo, 'images')), before);
  });

  test('a target that was asked for and not confirmed stays as it is', async () => {
    const target = await noisyTarget('unconfirmed.img', DISK_MIB);
    const sum = await run('sha256sum', [target]);
    for (const input of ['', 'yes\n', `${target}\n`]) {
      const { stderr } = await permafrost(['restore', 'first', target, '--repo', repo], 1, { input });
      assert.match(stderr, /was not confirmed/);
      assert.deepEqual(await run('sha256sum', [target]), sum);
    }
  });

  test('a target is overwritten once its name was typed', async () => {
    const target = await noisyTarget('confirmed.img', DISK_MIB);
    const input = `${DISK_MIB * MIB} ${target}\n`;
    const { stdout } = await permafrost(['restore', 'first', target, '--repo', repo], 0, { input });
    assert.match(stdout, /To\s+overwrite[^]*type\s+the\s+size\s+in\s+bytes\s+and\s+path/);
    await assertRestored(source, target, folder);
  });

  test('a source that shrinks behind the back of its table is imaged as it is and says so', async () => {
    const cut = join(folder, 'cut.img');
    await run('cp', ['--sparse=always', source, cut]);
    await truncate(cut, 50 * MIB);
    const { stdout } = await permafrost(['inspect', cut]);
    assert.match(stdout, /partition 2/);
    await permafrost(['image', cut, '--repo', repo, '--name', 'cut']);
    const target = join(folder, 'cut-restored.img');
    await permafrost(['restore', 'cut', target, '--repo', repo, '--yes']);
    await run('cmp', ['-n', String(16 * MIB), cut, target, String(17 * MIB), String(17 * MIB)]);
  });
});
