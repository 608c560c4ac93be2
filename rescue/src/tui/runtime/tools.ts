/** The tools of the rescue environment, as its own scripts and programs do them. */
import { open, readFile } from 'node:fs/promises';
import { isSea } from 'node:sea';
import type { Keymap } from '../flow/parts.ts';
import { runCommand, type CommandResult } from './command.ts';

const KEYMAPS = '/etc/permafrost/keymaps';
const RUNNER_LOG = '/run/permafrost/log/runner.log';
const TAIL_BYTES = 64 * 1024;

/** The newest of the runner's log and of the kernel's messages. */
export async function readLogs(): Promise<string> {
  const [runner, kernel] = await Promise.all([
    readTail(RUNNER_LOG).catch(() => ''),
    runCommand('dmesg', []).then(({ text }) => text),
  ]);
  const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-400).join('\n');
  return [`--- dmesg ---`, lastLines(kernel), `--- ${RUNNER_LOG} ---`, lastLines(runner)].join('\n');
}

async function readTail(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

export function bringUpNetwork(signal: AbortSignal): Promise<CommandResult> {
  return runCommand('/usr/lib/permafrost/network', ['30'], { signal });
}

/** Lines of `NAME FILE TITLE`. */
export async function readKeymaps(path = KEYMAPS): Promise<Keymap[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [, name, title] = /^([a-z][a-z-]*) \S+ (.+)$/.exec(line) ?? [];
    return name === undefined || title === undefined ? [] : [{ name, title }];
  });
}

export async function loadKeymap(name: string): Promise<CommandResult> {
  const text = await readFile(KEYMAPS, 'utf8').catch(() => '');
  const file = text
    .split('\n')
    .map((line) => line.split(' '))
    .find(([first]) => first === name)?.[1];
  if (file === undefined) return { ok: false, text: name };
  return runCommand('loadkeys', ['-q', '-u', '-C', '/dev/tty1', `/usr/share/keymaps/i386/${file}.kmap`]);
}

/** `time` is UTC. The clock of the machine is set too, where it has one. */
export async function setClock(time: string): Promise<CommandResult> {
  const result = await runCommand('date', ['-u', '-s', time]);
  if (result.ok) await runCommand('hwclock', ['-w', '-u']);
  return result;
}

export function endMachine(action: 'reboot' | 'power-off'): Promise<CommandResult> {
  return runCommand(action === 'reboot' ? 'reboot' : 'poweroff', []);
}

/** Copies the logs with the program's own command. */
export function saveLogs(folder: string, signal: AbortSignal): Promise<CommandResult> {
  // The executable's second argument is what it was called as, which is no script.
  const self = isSea() ? [] : [process.argv[1]!];
  return runCommand(process.execPath, [...self, 'logs', '--to', folder], { signal });
}
