/**
 * Writes V8's code cache of a script. Run with the very Node that will load the script: no other takes it.
 * Usage: node --random-seed=1 scripts/code-cache.ts SCRIPT CACHE
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Script } from 'node:vm';

const [script, cache] = process.argv.slice(2);
if (script === undefined || cache === undefined) throw new Error('code-cache.ts SCRIPT CACHE');
const compiled = new Script(readFileSync(script, 'utf8'), { filename: basename(script) });
writeFileSync(cache, compiled.createCachedData());
