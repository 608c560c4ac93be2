/**
 * Loads the portable pool (portable-pool.ts) only when it is asked for: its WebAssembly codecs are most of the
 * program's text. In the executable they are an asset of their own, so that plain commands do not parse them.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { compileFunction } from 'node:vm';
import type { FramePool } from './frame-reader.ts';

/** The name of the asset, a CommonJS bundle of portable-pool.ts. */
const ASSET = 'portable-pool.cjs';

interface Portable {
  readonly portablePool: () => FramePool;
}

/** A pool whose decoder and hash have nothing in common with the addon's. */
export async function secondOpinionPool(): Promise<FramePool> {
  const { portablePool } = isSea() ? loadAsset() : ((await import('./portable-pool.ts')) satisfies Portable);
  return portablePool();
}

function loadAsset(): Portable {
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
  return module.exports as Portable;
}
