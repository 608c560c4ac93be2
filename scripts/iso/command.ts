/** Runs the programs that the build of the image needs, synchronously, with errors that name them. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface CommandOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** Added to the environment; `undefined` takes a variable out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export class CommandFailed extends Error {
  readonly exitCode: number | null;

  constructor(command: string, exitCode: number | null, output: string) {
    super(
      `${command} ended with ${exitCode ?? 'a signal'}:\n${output.trim().split('\n').slice(-20).join('\n')}`,
    );
    this.exitCode = exitCode;
  }
}

/** Standard output of a command that must succeed; its standard error is part of the error thrown. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): string {
  const result = spawnSync(program, args, {
    cwd: options.cwd,
    input: options.input ?? '',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', ...options.env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    throw new CommandFailed(
      `${program} ${args[0] ?? ''}`,
      result.status,
      `${result.stdout}\n${result.stderr}`,
    );
  }
  return result.stdout;
}

/**
 * Runs a program out of a folder of unpacked Debian packages by their own dynamic loader, so that the bytes it
 * writes do not depend on the versions that this machine has.
 */
export function runUnpacked(
  root: string,
  program: string,
  args: readonly string[],
  options: CommandOptions & { readonly argv0?: string } = {},
): string {
  const path = ['usr/bin', 'usr/sbin'].map((folder) => join(root, folder, program)).find(existsSync);
  if (path === undefined) throw new Error(`${root} holds no program ${program}`);
  // Debian has a folder of libraries for each architecture, Buildroot does not.
  const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib'].map((folder) => join(root, folder));
  const loader = libraries.map((folder) => join(folder, 'ld-linux-x86-64.so.2')).find(existsSync);
  if (loader === undefined) throw new Error(`${root} holds no dynamic loader`);
  return run(
    loader,
    ['--library-path', libraries.join(':'), '--argv0', options.argv0 ?? program, path, ...args],
    options,
  );
}

/** A line about what the build does, on standard error. */
export function say(text: string): void {
  process.stderr.write(`iso: ${text}\n`);
}

/** Runs a whole command line: an error is said without its trace, unless PERMAFROST_DEBUG asks for that. */
export function runStep(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (process.env['PERMAFROST_DEBUG'] !== undefined) throw error;
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
