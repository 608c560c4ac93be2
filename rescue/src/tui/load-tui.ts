/**
 * Loads the terminal UI only when it is asked for: plain commands do not parse React and Ink. In the executable it
 * is an asset of its own.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { compileFunction } from 'node:vm';

/** The name of the asset, a CommonJS bundle of tui-entry.ts. */
const ASSET = 'tui.cjs';

/** What is loaded. */
export interface Tui {
  readonly runTui: (options: TuiArguments) => Promise<number>;
}

/** The same, line by line. */
export interface Plain {
  readonly runPlain: (options: Omit<TuiArguments, 'consoles'>) => Promise<number>;
}

interface Entry {
  readonly openTui: () => Promise<Tui>;
  readonly openPlain: () => Promise<Plain>;
}

export interface TuiArguments {
  readonly consoles: readonly string[];
  readonly language?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Chalk asks the environment while it is loaded, once for all consoles; each theme decides for itself. */
const COLORS = '1';

export async function loadTui(): Promise<Tui> {
  process.env['FORCE_COLOR'] = COLORS;
  return (await loadEntry()).openTui();
}

export async function loadPlain(): Promise<Plain> {
  return (await loadEntry()).openPlain();
}

async function loadEntry(): Promise<Entry> {
  if (!isSea()) return import('./tui-entry.ts');
  const module = { exports: {} };
  const run = compileFunction(
    getAsset(ASSET, 'utf8'),
    ['module', 'exports', 'require', '__dirname', '__filename'],
    { filename: ASSET },
  );
  (run as (...args: unknown[]) => void)(
    module,
    module.exports,
    createRequire(process.execPath),
    dirname(process.execPath),
    process.execPath,
  );
  return module.exports as Entry;
}
