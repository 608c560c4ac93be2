/** Runs a program of the system for the tools. */
import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly ok: boolean;
  /** What it said on both outputs. */
  readonly text: string;
}

/** Never throws: a program that is missing or fails says so in its result. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      file,
      args,
      {
        encoding: 'utf8',
        maxBuffer: 4 * 1024 * 1024,
        timeout: options.timeoutMs ?? 60_000,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        const said = `${stdout}${stderr}`.trim();
        resolve({ ok: error === null, text: said === '' && error !== null ? error.message : said });
      },
    );
  });
}
