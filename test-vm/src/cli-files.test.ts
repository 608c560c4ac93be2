import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { checkFiles } from './cli-files.ts';
import { parseCommandLine, UsageError } from './cli-options.ts';

/** A disc: what ECMA-119 and El Torito ask for at its start, and its label. */
function disc(label = 'PERMAFROST', startsMachines = true): Buffer {
  const bytes = Buffer.alloc(20 * 2048);
  bytes.write('\x01CD001\x01', 16 * 2048, 'latin1');
  bytes.write(label.padEnd(32), 16 * 2048 + 40, 'latin1');
  bytes.write(`\x00CD001\x01${startsMachines ? 'EL TORITO SPECIFICATION' : ''}`, 17 * 2048, 'latin1');
  return bytes;
}

async function files(t: TestContext): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-files-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  await writeFile(path('iso'), disc());
  await writeFile(path('job'), 'version: 1\n');
  await writeFile(path('disk'), Buffer.alloc(8192));
  await writeFile(path('odd'), Buffer.alloc(8191));
  await writeFile(path('large'), Buffer.alloc(257 * 1024, '#'));
  await writeFile(path('blank'), ' \n');
  await writeFile(path('empty'), '');
  await writeFile(path('qcow2'), Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(100)]));
  await writeFile(path('other'), disc('DEBIAN'));
  await writeFile(path('data'), disc('PERMAFROST', false));
  await mkdir(path('folder'));
  await symlink('disk', path('link'));
  return path;
}

const check = (
  path: (name: string) => string,
  job: string,
  iso: string,
  ...more: string[]
): Promise<string> => checkFiles(parseCommandLine(['--job', path(job), ...more])!, path(iso));

test('files that can serve are taken', async (t) => {
  const path = await files(t);
  const disks = ['--disk', path('disk'), '--disk', `${path('qcow2')},format=qcow2`];
  assert.equal(await check(path, 'job', 'iso', ...disks, '--screenshot', path('new.png')), 'version: 1\n');
  assert.equal(await check(path, 'job', 'iso'), 'version: 1\n');
});

test('each file that cannot serve is named, with what is wrong', async (t) => {
  const path = await files(t);
  const cases: [RegExp, string, string, ...string[]][] = [
    [/--job \S+nowhere is not there/, 'nowhere', 'iso'],
    [/--job \S+folder is a folder/, 'folder', 'iso'],
    [/--job \S+large is larger/, 'large', 'iso'],
    [/--job \S+blank is empty/, 'blank', 'iso'],
    [/--iso \S+nowhere is not there/, 'job', 'nowhere'],
    [/--iso \S+folder is a folder/, 'job', 'folder'],
    [/--iso \S+disk is no image of a disc/, 'job', 'disk'],
    [/--iso \S+data is nothing that a machine starts from/, 'job', 'data'],
    [/--iso \S+other is the image of another system/, 'job', 'other'],
    [/--disk \S+nowhere is not there; .*truncate/, 'job', 'iso', '--disk', path('nowhere')],
    [/--disk \S+folder is no file/, 'job', 'iso', '--disk', path('folder')],
    [/--disk \S+empty is empty/, 'job', 'iso', '--disk', path('empty')],
    [/--disk \S+odd has 8191 bytes/, 'job', 'iso', '--disk', path('odd')],
    [/--disk \S+qcow2 is a qcow2 file/, 'job', 'iso', '--disk', path('qcow2')],
    [/--disk \S+disk is no qcow2 file/, 'job', 'iso', '--disk', `${path('disk')},format=qcow2`],
    [/\/link is the same file as \S+disk/, 'job', 'iso', '--disk', path('disk'), '--disk', path('link')],
    [/the folder of --serial-log \S+ is not there/, 'job', 'iso', '--serial-log', path('no/log')],
  ];
  for (const [problem, ...words] of cases) {
    await assert.rejects(check(path, ...words), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, problem);
      return true;
    });
  }
});
