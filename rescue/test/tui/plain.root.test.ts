/** The line-based mode as a person uses it, with nothing but lines in and out: over a pipe, and on a terminal. */
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { program } from '../support/program.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { Terminal } from './terminal.ts';

const MiB = 1024 * 1024;

test('an image is saved by lines over a pipe, and nothing moves a cursor', async (t) => {
  const folder = await scratchFolder(t, 'plain');
  const disk = await sparseFile(join(folder, 'disk.img'), 8 * MiB);
  await fillWithNoise(disk, 8 * MiB, 3);
  const child = spawn(program[0], [...program.slice(1), 'tui', '--plain', '--language', 'de'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A terminal without any but ASCII characters, whatever the tests are started on.
    env: { ...process.env, TERM: 'dumb', LC_ALL: 'C' },
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  let from = 0;
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    for (const listener of listeners) listener();
  });
  /** What matches `wanted` in what was said since the last line was typed. */
  const hear = (wanted: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = wanted.exec(said.slice(from));
        if (found === null) return;
        done();
        resolve(found);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`never heard: ${String(wanted)}\n${said}`));
      }, limitMs(120));
      const done = (): void => {
        clearTimeout(timer);
        listeners.delete(look);
      };
      listeners.add(look);
      look();
    });
  const say = (line: string): void => {
    from = said.length;
    child.stdin.write(`${line}\n`);
  };
  const choose = async (label: string): Promise<void> =>
    say((await hear(new RegExp(`^(\\d+)\\. (Zum Eintippen: )?${label}.*\\n`, 'm')))[1]!);

  await choose('Ein Abbild einer Platte speichern');
  await choose('Oder eine Abbilddatei');
  await hear(/Eintippen, dann Enter/);
  say(disk);
  await choose('Ein Ordner dieses Systems');
  await choose('Ordner');
  await hear(/Eintippen, dann Enter/);
  say(folder);
  await choose('Ein neuer Ordner');
  await hear(/Eintippen, dann Enter/);
  say('abbilder');
  await choose('Das Abbild jetzt speichern');
  await hear(/Das Abbild ".*" ist gespeichert/);
  child.stdin.end();
  const [exitCode] = await new Promise<[number | null]>((resolve) =>
    child.once('close', (code) => resolve([code])),
  );
  assert.equal(exitCode, 0);
  assert.match(said, /^[\n\x20-\x7e]*$/u);
  await run(program[0], [...program.slice(1), 'verify', '--repo', join(folder, 'abbilder')]);
});

test('on a terminal it prints lines, and gives the terminal back', async (t) => {
  const terminal = await Terminal.open(t, { command: [...program, 'tui', '--plain'] });
  await terminal.see('What do you want to do?');
  await terminal.type('q');
  await terminal.press('Enter');
  await terminal.see('1. Stay');
  await terminal.type('2');
  await terminal.press('Enter');
  await terminal.see('ended with 0');
});
