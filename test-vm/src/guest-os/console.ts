/** The small Linux's console at the first serial port, as a person has it: a login, a shell, the answers of commands. */
import assert from 'node:assert/strict';
import type { Machine } from '../machine.ts';

const loginPrompt = /small-linux login: /;

/** Waits for the login prompt and logs in; resolves to the seconds from the machine's start to the prompt. */
export async function logIn(machine: Machine, seconds = 120): Promise<number> {
  await machine.serial.says(loginPrompt, seconds);
  const passed = (performance.now() - machine.startedAt) / 1000;
  await machine.serial.type('root\r');
  await machine.serial.says(/login: root\n[^]*# /, 30);
  return passed;
}

let commands = 0;

/** Runs a command in the shell of who is logged in; resolves to what it wrote, throws unless it exits with 0. */
export async function runAtConsole(machine: Machine, command: string, seconds = 60): Promise<string> {
  const number = ++commands;
  // The terminal shows what is typed: the marks must not stand in it as they will in the answer.
  await machine.serial.type(`echo be"gin-${number}"; ${command}; echo e"nd-${number}-$?"\r`);
  const pattern = new RegExp(`^begin-${number}\\n([^]*?)end-${number}-(\\d+)$`, 'm');
  const [, output = '', code] = await machine.serial.says(pattern, seconds);
  assert.equal(code, '0', `\`${command}\` at the console of the small Linux: ${output}`);
  return output.trim();
}

/** Compares every file of the running system with the checksums that its installation wrote down. */
export async function checkFiles(machine: Machine): Promise<void> {
  const command =
    'cd / && sha256sum -c /var/lib/checksums >/run/compared; grep -vc "OK$" /run/compared; wc -l </run/compared';
  const [wrong, compared] = (await runAtConsole(machine, command, 90)).split(/\s+/).map(Number);
  assert.equal(wrong, 0, 'files that are not what was installed');
  assert.ok(compared! > 1000, `${String(compared)} files compared`);
}
