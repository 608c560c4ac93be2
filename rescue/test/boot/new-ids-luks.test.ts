/** LUKS on a copy gets a new identifier where the crypttab that opens it can be mended, and keeps it elsewhere. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { permafrost } from '../job/support.ts';
import { run } from '../support/command.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';
import { readIds } from './support-ids.ts';

const MIB = 1024 * 1024;
const UUID = '0f0e0d0c-0b0a-4908-8706-050403020100';
const KEY = 'a key\n';
const luksAt = ['--offset', String(11 * MIB), '--sizelimit', String(20 * MIB)];

/** A disk with an ext4 whose crypttab says `crypttab`, and a LUKS of `type`. */
async function makeDisk(
  t: TestContext,
  type: string,
  crypttab: string,
): Promise<{ folder: string; path: string }> {
  const folder = await scratchFolder(t, 'ids-luks');
  const path = await sparseFile(join(folder, 'disk.img'), 33 * MIB);
  const input = 'label: gpt\nstart=2048, size=20480, type=L\nstart=22528, size=40960, type=L\n';
  await run('sfdisk', ['--quiet', path], { input });
  const root = join(folder, 'root');
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc/crypttab'), crypttab);
  const part = await sparseFile(join(folder, 'part'), 10 * MIB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', root, part]);
  await run('dd', [`if=${part}`, `of=${path}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none']);
  const { device, detach } = await attachLoop(t, path, luksAt);
  const fast = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];
  await run(
    'cryptsetup',
    ['--batch-mode', 'luksFormat', '--type', type, ...fast, '--uuid', UUID, device, '-'],
    {
      input: KEY,
    },
  );
  await detach();
  return { folder, path };
}

for (const type of ['luks1', 'luks2'])
  test(`${type} that a crypttab outside of it names gets a new one with it, and opens with its key`, async (t) => {
    const { folder, path } = await makeDisk(t, type, `home UUID=${UUID} none luks\n`);
    const target = join(folder, 'copy.img');
    const { report } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json']);
    assert.deepEqual(report.newIds![0]!.unmended, []);
    const now = (await readIds(target)).partitions[1]!.fileSystem!;
    assert.notEqual(now, UUID);
    assert.equal((await readIds(path)).partitions[1]!.fileSystem, UUID);
    const { device, detach } = await attachLoop(t, target, luksAt);
    await run('cryptsetup', ['open', '--test-passphrase', '--key-file', '-', device], { input: KEY });
    await detach();
    const { stdout } = await run('debugfs', ['-R', 'cat /etc/crypttab', `${target}?offset=${MIB}`]);
    assert.equal(stdout, `home UUID=${now} none luks\n`);
  });

test('LUKS that nothing outside of it names keeps its identifier, and the plan says what to do', async (t) => {
  const { folder, path } = await makeDisk(t, 'luks2', '# nothing\n');
  const target = join(folder, 'copy.img');
  const { stdout } = await permafrost(['clone', path, target, '--new-ids', '--yes']);
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    new RegExp(`partition 2 keeps the identifier ${UUID}: no crypttab outside of it names it`),
  );
  assert.equal((await readIds(target)).partitions[1]!.fileSystem, UUID);
});
