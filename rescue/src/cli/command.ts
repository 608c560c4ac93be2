/** What every command of the command line is made of. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { asIs, type AskedPartition, type Grow, parseSize, PermafrostError } from '../engine/index.ts';
import type { Output } from './output.ts';

/** Values of options as `parseArgs` gives them. */
export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

export interface Command {
  readonly name: string;
  /** Arguments after the name, for the usage line. */
  readonly usage: string;
  /** One line: what it is for. */
  readonly summary: string;
  /** Options besides --json and --help, each with its line of help. */
  readonly options: ParseArgsOptionsConfig;
  readonly help: Readonly<Record<string, string>>;
  /** Resolves to the exit code. */
  readonly run: (invocation: Invocation) => Promise<number>;
}

export interface Invocation {
  readonly values: Values;
  readonly positionals: readonly string[];
  readonly output: Output;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export function usageError(problem: string): PermafrostError<'usage/invalid'> {
  return new PermafrostError('usage/invalid', { problem: asIs(problem) });
}

/** The value of a string option; undefined if it was not given. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The value of a string option that must be given. */
export function required(values: Values, name: string): string {
  const value = text(values, name);
  if (value === undefined || value === '') throw usageError(`--${name} is missing`);
  return value;
}

export function flag(values: Values, name: string): boolean {
  return values[name] === true;
}

/** The value of an option that is a whole number. */
export function integer(values: Values, name: string): number | undefined {
  const value = text(values, name);
  return value === undefined ? undefined : parseInteger(value, name);
}

/** The values of a repeatable option that are whole numbers; undefined if it was not given. */
export function integers(values: Values, name: string): number[] | undefined {
  const value = values[name];
  return Array.isArray(value) ? value.map((item) => parseInteger(String(item), name)) : undefined;
}

/** For the help of every command that has `--workers`. */
export const WORKERS_HELP = 'N: threads, 1 to 64; default: 2 more than there are processors, at most 16';

/** `--workers` as it goes into the options of a run. */
export function workersOption(values: Values): { workers?: number } {
  const workers = integer(values, 'workers');
  if (workers !== undefined && (workers < 1 || workers > 64))
    throw usageError(`--workers must be from 1 to 64, not ${workers}`);
  return optional('workers', workers);
}

export const SECTOR_SIZE_HELP =
  'N: logical sector size of a disk-image file, 512 or 4096, where it cannot be told';

/** `--sector-size` as it goes into what reads a disk. */
export function sectorSizeOption(values: Values): { sectorSize?: number } {
  const sectorSize = integer(values, 'sector-size');
  if (sectorSize !== undefined && ![512, 1024, 2048, 4096].includes(sectorSize))
    throw usageError(`--sector-size must be 512, 1024, 2048 or 4096, not ${sectorSize}`);
  return optional('sectorSize', sectorSize);
}

/** For the help of every command that has `--grow`. */
export const GROW_HELP =
  'last|N|NAME: on a larger target give the free space to the last partition that can grow, to partition N, or to the one with this name or label';

export const SIZE_HELP =
  'N=SIZE: partition N gets this size on the target, such as 2=20GiB, and its file system with it; may be repeated';
export const START_HELP =
  'N=OFFSET: partition N begins there on the target, such as 3=40GiB; may be repeated';

/** `--size` and `--start` as they go into a job. */
export function layoutOption(values: Values): { layout?: AskedPartition[] } {
  const asked = new Map<number, AskedPartition>();
  for (const name of ['size', 'start'] as const) {
    const given = values[name];
    if (!Array.isArray(given)) continue;
    for (const item of given.map(String)) {
      const [, number, size] = /^(\d{1,6})=(.+)$/.exec(item) ?? [];
      const bytes = size === undefined ? undefined : parseSize(size);
      if (number === undefined || bytes === undefined)
        throw usageError(`--${name} must be a partition and bytes, such as 2=20GiB, not "${item}"`);
      const partition = Number(number);
      const before = asked.get(partition) ?? { partition };
      if (before[name] !== undefined) throw usageError(`--${name} is given twice for partition ${partition}`);
      asked.set(partition, { ...before, [name]: bytes });
    }
  }
  return asked.size === 0 ? {} : { layout: [...asked.values()] };
}

export const SCRATCH_HELP =
  'DIR: folder for what making file systems smaller takes; default: that of the system for temporary files';

/** `--grow` as it goes into a job. */
export function growOption(values: Values): Grow | undefined {
  const value = text(values, 'grow');
  if (value === '') throw usageError('--grow needs a partition');
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : value;
}

function parseInteger(value: string, name: string): number {
  if (!/^\d{1,15}$/.test(value)) throw usageError(`--${name} must be a whole number, not "${value}"`);
  return Number(value);
}

/** `{ [name]: value }`, or nothing if `value` is undefined: for optional fields of jobs. */
export function optional<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<K, V>>);
}

/** Exactly one positional argument, called `what` in errors. */
export function onlyArgument(positionals: readonly string[], what: string): string {
  const [first, ...rest] = positionals;
  if (first === undefined) throw usageError(`${what} is missing`);
  if (rest.length > 0) throw usageError(`one ${what} is expected, not also "${rest.join(' ')}"`);
  return first;
}
