/** Runs outside tools in tests; a failure carries the whole command line and its output. */
import { execFile, type ExecFileOptions } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limitMs } from './patience.ts';

// For every Node that a test starts: tests start the program from its sources, and compiling those is most of a start.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), `permafrost-compiled-${process.getuid!()}`);

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Exit codes that are no failure; default `[0]`. */
  readonly accept?: readonly number[];
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default 120 s, longer on slow machines. */
  readonly timeoutMs?: number;
}

/** Runs `command` to its end. Rejects if its exit code is not accepted or it takes too long. */
export function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { accept = [0], input, timeoutMs = limitMs(120) } = options;
  const settings: ExecFileOptions = {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024 * 1024,
    env: {
      ...process.env,
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      LC_ALL: 'C',
      ...options.env,
    },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  };
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      const result = { code, stdout: String(stdout), stderr: String(stderr) };
      if (accept.includes(code)) resolve(result);
      else
        reject(
          new Error(
            `${command} ${args.join(' ')}: exit ${code}${error?.killed === true ? ' (timed out)' : ''}\n${result.stdout}${result.stderr}`,
            { cause: error ?? undefined },
          ),
        );
    });
    child.stdin?.on('error', () => undefined); // A command that reads no input closes the pipe early.
    child.stdin?.end(input ?? '');
  });
}
