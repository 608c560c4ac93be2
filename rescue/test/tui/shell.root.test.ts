/** What a person sees who opens a shell from the UI, on terminals with and without a second screen. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder } from '../support/scratch.ts';
import { Terminal } from './terminal.ts';

const script = join(import.meta.dirname, 'show-shell.ts');

for (const [terminalType, hasSecondScreen] of [
  ['linux', false],
  ['vt220', false],
  ['xterm', true],
] as const)
  test(`a shell begins on an empty screen of ${terminalType}`, async (t) => {
    const env = { TERM: terminalType, SHELL: '/bin/sh', PS1: 'ready$ ' };
    const flag = join(await scratchFolder(t, 'shell'), 'flag');
    const command = [process.execPath, '--no-warnings', script, flag];
    const terminal = await Terminal.open(t, { command, env, hasSecondScreen });
    await terminal.see('What do you want to do?');
    await writeFile(flag, '');
    const screen = await terminal.see('ready$');
    assert.deepEqual(
      screen
        .split('\n')
        .map((line) => line.trimEnd())
        .filter((line) => line !== ''),
      ['exit: Permafrost', 'ready$'],
    );
    await terminal.type('exit');
    await terminal.press('Enter');
    await terminal.see('ended with 0');
  });
