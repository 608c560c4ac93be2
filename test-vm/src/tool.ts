/** Programs of the host. */
import { execFile } from 'node:child_process';

/** Runs a program to its end; resolves to what it wrote, throws with its errors unless it exits with 0. */
export function runTool(program: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 64 << 20 }, (error, output, errors) => {
      if (error === null) resolve(output);
      else
        reject(
          new Error(`${program} ${args.join(' ')}: ${errors.trim() || error.message}`, { cause: error }),
        );
    });
    // A program may end without reading all of it.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}
