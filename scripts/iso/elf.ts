/** The ELF files of an unpacked system, and what libraries they ask for. */
import { closeSync, globSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';

/** The first bytes of a file, at most `length`. */
export function startOf(path: string, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** Whether a file that starts with these bytes is a program or a library. */
export const isElf = (start: Buffer): boolean => start.length >= 4 && start.readUInt32BE(0) === 0x7f454c46;

/** Every file below the folder `root`, as a path from there. */
export const filesOf = (root: string): string[] =>
  globSync('{etc,usr}/**/*', { cwd: root }).filter((path) => lstatSync(join(root, path)).isFile());

/** The programs and libraries below the folder `root`; no drivers. */
export const findElf = (root: string): string[] =>
  filesOf(root).filter((path) => !path.endsWith('.ko') && isElf(startOf(join(root, path), 4)));

export interface Program {
  readonly path: string;
  readonly needs: string[];
  readonly searched: string[];
}

/** What the dynamic section of each ELF file asks for, by `readelf`. */
export function readPrograms(root: string, paths: readonly string[]): Program[] {
  const programs: Program[] = [];
  if (paths.length === 0) return programs;
  // It names its files only where there are several.
  const text = run('readelf', ['--wide', '-d', paths[0]!, ...paths], { cwd: root });
  for (const line of text.split('\n')) {
    const file = /^File: (.*)$/.exec(line)?.[1];
    if (file !== undefined) programs.push({ path: file, needs: [], searched: [] });
    const needed = /\(NEEDED\).*\[(.*)\]/.exec(line)?.[1];
    if (needed !== undefined) programs.at(-1)!.needs.push(needed);
    const searched = /\((?:RUNPATH|RPATH)\).*\[(.*)\]/.exec(line)?.[1];
    if (searched !== undefined) programs.at(-1)!.searched.push(...searched.split(':'));
  }
  return programs;
}
