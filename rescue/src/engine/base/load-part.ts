/**
 * Loads a part of the program: in the executable these are assets, scripts of their own, so that each start parses what
 * it needs and nothing else. Beside those that each start needs lies V8's code cache, made when the executable was
 * (scripts/bundle.ts); one that does not fit is left, and the part compiled.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { getAsset, getAssetKeys, getRawAsset } from 'node:sea';
import { Script } from 'node:vm';

/** The exports of the part `name`. Only in the executable. */
export function loadPart(name: string): unknown {
  const cache = `${name}.cache`;
  const script = new Script(getAsset(`${name}.cjs`, 'utf8'), {
    filename: `${name}.cjs`,
    ...(getAssetKeys().includes(cache) ? { cachedData: new Uint8Array(getRawAsset(cache)) } : {}),
  });
  if (script.cachedDataRejected === true && process.env['PERMAFROST_DEBUG'] !== undefined)
    process.stderr.write(`permafrost: the code cache of ${name} does not fit\n`);
  const module = { exports: {} };
  const run = script.runInThisContext() as (...args: unknown[]) => void;
  const { execPath } = process;
  run(module, module.exports, createRequire(execPath), execPath, dirname(execPath));
  return module.exports;
}
