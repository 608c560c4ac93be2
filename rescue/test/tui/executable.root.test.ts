/** The shipped executable on a real terminal, by keystrokes: what it did is checked by bytes. */
import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../support/command.ts';
import { until } from '../support/patience.ts';
import { fillWithNoise, noise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { Terminal } from './terminal.ts';

const MiB = 1024 * 1024;
const SIZE = 24 * MiB;
const executable = resolve(import.meta.dirname, '../../../dist/permafrost');

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** A disk-image file with a table and a partition of noise. */
async function demoDisk(path: string): Promise<string> {
  await sparseFile(path, SIZE);
  await run('sfdisk', ['-q', path], { input: 'label: gpt\nstart=2048, size=40960\n' });
  const file = await open(path, 'r+');
  const bytes = noise(18 * MiB, 5);
  await file.write(bytes, 0, bytes.length, MiB);
  await file.close();
  return path;
}

async function ui(t: TestContext, env: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  await access(executable);
  const terminal = await Terminal.open(t, { command: [executable], env });
  await terminal.see('What do you want to do?');
  return terminal;
}

async function saveImage(terminal: Terminal, disk: string, folder: string): Promise<void> {
  await terminal.moveTo('Save an image of a disk');
  await terminal.press('Enter');
  await terminal.see('Which disk do you want to save?');
  await terminal.moveTo('Or a disk-image file', 'Up');
  await terminal.type(disk);
  await terminal.press('Enter');
  await terminal.see('Where do you want to keep the image?');
  await openFolder(terminal, folder);
  await terminal.see('Which folder shall the image go into?');
  await terminal.press('Enter');
  await terminal.see('The plan');
  await terminal.moveTo('Save the image now');
  await terminal.press('Enter');
  await terminal.see(/The image ".*" is saved/);
}

async function openFolder(terminal: Terminal, folder: string): Promise<void> {
  await terminal.moveTo('A folder of this system');
  await terminal.press('Enter');
  await terminal.see('Which folder?');
  await terminal.type(folder);
  await terminal.press('Enter');
}

async function leave(terminal: Terminal): Promise<void> {
  await terminal.press('Escape');
  await terminal.see('What do you want to do?');
  await terminal.press('q');
  await terminal.see('Leave?');
  await terminal.moveTo('Leave');
  await terminal.press('Enter');
  await terminal.see('ended with 0');
}

test('an image is saved and put back by keystrokes, and the disk is the same byte for byte', async (t) => {
  const folder = await scratchFolder(t, 'tui');
  const disk = await demoDisk(join(folder, 'disk.img'));
  const before = await sha256(disk);
  const terminal = await ui(t);
  await saveImage(terminal, disk, folder);
  await leave(terminal);
  const verified = await run(executable, ['verify', '--repo', join(folder, 'permafrost'), '--json']);
  assert.match(verified.stdout, /"outcome":"done"/);

  const target = await sparseFile(join(folder, 'target.img'), SIZE);
  await fillWithNoise(target, SIZE, 9);
  const again = await ui(t);
  await again.moveTo('Put an image back');
  await again.press('Enter');
  await again.see('Where is the image');
  await openFolder(again, folder);
  // A single folder with images: straight to them.
  await again.see('Which image do you want to put back?');
  await again.press('Enter');
  await again.see('Which disk shall be overwritten');
  await again.moveTo('Or a disk-image file', 'Up');
  await again.type(target);
  await again.press('Enter');
  await again.see('The plan');
  const plan = await again.screen();
  assert.match(plan, /WILL BE OVERWRITTEN AND LOST/);
  await again.moveTo('Go on to confirm');
  await again.press('Enter');
  await again.see('This cannot be undone.');
  const untouched = await sha256(target);
  await again.type('yes');
  await again.press('Enter');
  await again.see('That is not what was asked for. Nothing was written.');
  assert.equal(await sha256(target), untouched);
  await again.press('C-u');
  await again.type(`${SIZE} ${target}`);
  await again.press('Enter');
  await again.see('The image is back on the disk.');
  await again.see('Read back from the disk, and the same as the image.');
  await leave(again);
  const restored = await run('cmp', ['-n', String(19 * MiB), disk, target]);
  assert.equal(restored.code, 0);
  assert.equal(await sha256(disk), before);
});

test('it is drawn again for another size, in German, and on a terminal that knows only ASCII', async (t) => {
  const terminal = await ui(t, { TERM: 'vt100' });
  assert.match(await terminal.screen(), /^[\x00-\x7f]*$/);
  await terminal.press('F2');
  await terminal.see('Was moechten Sie tun?');
  await terminal.resize(60, 20);
  await terminal.see('60x20');
  await terminal.resize(100, 40);
  // Down to the last rows: there the keys are.
  const last = async (): Promise<string> => (await terminal.screen()).split('\n').slice(37, 40).join('\n');
  await until('the keys are at the bottom', async () => (await last()).includes('F1'));
  assert.doesNotMatch(await terminal.screen(), /60x20/);
});

test('a disk is copied by keystrokes, and the copy is the same byte for byte', async (t) => {
  const folder = await scratchFolder(t, 'tui');
  const disk = await demoDisk(join(folder, 'disk.img'));
  const before = await sha256(disk);
  const target = await sparseFile(join(folder, 'copy.img'), SIZE);
  await fillWithNoise(target, SIZE, 9);
  const untouched = await sha256(target);
  const terminal = await ui(t);
  await terminal.moveTo('Copy a disk to another');
  await terminal.press('Enter');
  await terminal.see('Which disk do you want to copy?');
  await terminal.moveTo('Or a disk-image file', 'Up');
  await terminal.type(disk);
  await terminal.press('Enter');
  await terminal.see('Which disk shall become a copy of it?');
  await terminal.moveTo('Or a disk-image file', 'Up');
  await terminal.type(target);
  await terminal.press('Enter');
  await terminal.see('WILL BE OVERWRITTEN AND LOST');
  await terminal.moveTo('Go on to confirm');
  await terminal.press('Enter');
  await terminal.see('This cannot be undone.');
  assert.equal(await sha256(target), untouched);
  await terminal.type(`${SIZE} ${target}`);
  await terminal.press('Enter');
  await terminal.see('Read back from the disk, and the same');
  await leave(terminal);
  await run('cmp', ['-n', String(19 * MiB), disk, target]);
  assert.equal(await sha256(disk), before);
});
