/**
 * Runs programs of others: those that mount and unmount, and those that change the size of a file system. They get
 * sessions of their own, so that Ctrl-C at the console does not end a share's daemon under a job; their output goes to
 * files, since a daemon may keep it open for as long as it lives.
 */
import { say } from '../base/remarks.ts';
import { spawn } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PermafrostError } from '../base/errors.ts';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** After it the program is killed, in milliseconds. */
  readonly limitMs: number;
  /** Descriptors that it gets from 3 on. */
  readonly files?: readonly number[];
}

export interface ProgramEnd {
  /** -1 where it was killed or could not be started. */
  readonly code: number;
  readonly stdout: string;
  /** What it said, or why it could not be started. */
  readonly problem: string;
}

export type RunProgram = (run: ProgramRun, signal?: AbortSignal) => Promise<ProgramEnd>;

/** What a program may say at most, in bytes; more is left unread. */
const MOST_OUTPUT_BYTES = 64 * 1024;

/** Runs a program to its end; one that hangs is killed and left behind. Throws `job/cancelled` only. */
export const runProgram: RunProgram = async ({ program, args, env = {}, limitMs, files = [] }, signal) => {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-program-'));
  try {
    const stdout = await open(join(folder, 'stdout'), 'w+', 0o600);
    const stderr = await open(join(folder, 'stderr'), 'w+', 0o600);
    try {
      const code = await new Promise<number | string>((resolve) => {
        const limit = AbortSignal.timeout(limitMs);
        const child = spawn(program, [...args], {
          detached: true,
          stdio: ['ignore', stdout.fd, stderr.fd, ...files],
          env: {
            ...process.env,
            PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`,
            LC_ALL: 'C',
            ...env,
          },
        });
        const end = (result: number | string): void => {
          for (const one of [limit, signal]) one?.removeEventListener('abort', kill);
          resolve(result);
        };
        // What hangs in the kernel outlives even this; it is not waited for.
        const kill = (): void => {
          try {
            if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
          } catch {
            // It has just ended by itself.
          }
          child.unref();
          end(say('tool/slow', { limit: String(limitMs / 1000) }));
        };
        child.once('error', (error: NodeJS.ErrnoException) =>
          end(error.code === 'ENOENT' ? say('tool/missing', { tool: program }) : error.message),
        );
        child.once('exit', (status) => end(status ?? -1));
        for (const one of [limit, signal]) one?.addEventListener('abort', kill, { once: true });
        if (signal?.aborted === true) kill();
      });
      if (signal?.aborted === true)
        throw new PermafrostError('job/cancelled', { kept: 'Nothing was written.' });
      const said = await readStart(stderr);
      return typeof code === 'number'
        ? { code, stdout: await readStart(stdout), problem: said }
        : { code: -1, stdout: '', problem: [said, code].filter((text) => text !== '').join('; ') };
    } finally {
      await stdout.close();
      await stderr.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function readStart(file: Awaited<ReturnType<typeof open>>): Promise<string> {
  const bytes = Buffer.alloc(MOST_OUTPUT_BYTES);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  return bytes.toString('utf8', 0, bytesRead).trim();
}
