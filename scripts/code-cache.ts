/**
 * Writes V8's code cache of a part of the executable (rescue/src/engine/base/load-part.ts), after loading it as a start
 * does: only functions that have run are in the cache. Run with the very Node that will load it: no other takes it.
 * Usage: node --random-seed=1 scripts/code-cache.ts SCRIPT CACHE
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

interface Part {
  readonly loadScreens?: () => Promise<unknown>;
}

const [path, cache] = process.argv.slice(2);
if (path === undefined || cache === undefined) throw new Error('code-cache.ts SCRIPT CACHE');
// V8 forgets what has not run for half a minute: on a busy machine another cache would come of it.
setFlagsFromString('--no-flush-bytecode');
const script = new Script(readFileSync(path, 'utf8'), { filename: basename(path) });
const module = { exports: {} as Part };
const run = script.runInThisContext() as (...args: unknown[]) => void;
const { execPath } = process;
run(module, module.exports, createRequire(execPath), execPath, dirname(execPath));
await module.exports.loadScreens?.();
// A cache is taken by the flags alone that it was made with.
setFlagsFromString('--flush-bytecode');
writeFileSync(cache, script.createCachedData());
