/** How the programs that change the size of a file system are called: one step, a loop device for it, a mount for it. */
import { type Said, say } from '../base/remarks.ts';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../device/run-program.ts';
import type { Span } from '../partition/plan-layout.ts';

/** A tool that is killed leaves half a file system: it gets all the time that any disk could need. */
const LIMIT_MS = 12 * 3600_000;

/** One call of a program. */
export interface Step {
  readonly program: string;
  readonly args: readonly string[];
  /** Exit codes that are no failure; default 0 alone. */
  readonly accept?: readonly number[];
}

/** What a step said, or what went wrong, as a clause. */
export type StepEnd = { readonly stdout: string } | { readonly problem: Said };

/** Throws `job/cancelled` only. */
export async function runStep({ program, args, accept = [0] }: Step, signal?: AbortSignal): Promise<StepEnd> {
  const { code, stdout, problem } = await runProgram({ program, args, limitMs: LIMIT_MS }, signal);
  if (accept.includes(code)) return { stdout };
  const said = [problem, stdout].join('\n').trim().split('\n').slice(-3).join(' ').slice(0, 300);
  return { problem: toolFailure(program, code, said) };
}

/** That a program failed, with its exit code (none if less than 0) and the end of what it said. */
export function toolFailure(tool: string, code: number, detail: string): Said {
  const exit = String(code);
  if (code < 0)
    return detail === '' ? say('tool/failed', { tool }) : say('tool/failed-said', { tool, detail });
  return detail === ''
    ? say('tool/failed-with', { tool, exit })
    : say('tool/failed-with-said', { tool, exit, detail });
}

/** The part of a file or disk that a loop device shows, and the size of the sectors that it has. */
export interface LoopPart {
  readonly span: Span;
  readonly sectorSize: number;
}

/** Calls `work` with a loop device over `path`, or a `part` of it; a clause if there is none to be had. */
export async function withLoop<T>(
  path: string,
  work: (device: string) => Promise<T>,
  part?: LoopPart,
): Promise<T | { readonly problem: Said }> {
  const options =
    part === undefined
      ? []
      : [
          ...['--sector-size', String(part.sectorSize)],
          ...['--offset', String(part.span.start), '--sizelimit', String(part.span.length)],
        ];
  const attached = await runStep({ program: 'losetup', args: ['--find', '--show', ...options, path] });
  if ('problem' in attached) return attached;
  const device = attached.stdout;
  try {
    return await work(device);
  } finally {
    await runStep({ program: 'losetup', args: ['--detach', device] });
  }
}

/** Calls `work` with the folder where the `type` file system of `device` is mounted for it; what went wrong as a clause. */
export async function withMounted(
  device: string,
  { type, options }: { readonly type: string; readonly options: string },
  work: (folder: string) => Promise<StepEnd>,
): Promise<StepEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-resize-'));
  try {
    const mounted = await runStep({ program: 'mount', args: ['-t', type, '-o', options, device, folder] });
    if ('problem' in mounted) return mounted;
    let end: StepEnd | undefined;
    try {
      end = await work(folder);
    } finally {
      const unmounted = await runStep({ program: 'umount', args: [folder] });
      if (end !== undefined && !('problem' in end) && 'problem' in unmounted) end = unmounted;
    }
    return end;
  } finally {
    await rmdir(folder).catch(() => undefined);
  }
}
