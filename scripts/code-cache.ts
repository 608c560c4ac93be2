/**
 * Writes V8's code cache of a part of the executable (rescue/src/engine/base/load-part.ts), after loading it as a start
 * does: only functions that have run are in the cache. Run with the very Node that will load it: no other takes it.
 * Usage: node --random-seed=1 scripts/code-cache.ts SCRIPT CACHE
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { Script } from 'node:vm';

interface Part {
  readonly loadScreens?: () => Promise<unknown>;
}

const [path, cache] = process.argv.slice(2);
if (path === undefined || cache === undefined) throw new Error('code-cache.ts SCRIPT CACHE');
const script = new Script(readFileSync(path, 'utf8'), { filename: basename(path) });
const module = { exports: {} as Part };
const run = script.runInThisContext() as (...args: unknown[]) => void;
const { execPath } = process;
run(module, module.exports, createRequire(execPath), execPath, dirname(execPath));
await module.exports.loadScreens?.();
writeFileSync(cache, script.createCachedData());
