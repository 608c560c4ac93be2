/** Fails if an import goes against the layers (scripts/layers.ts): `node scripts/check-layers.ts`. */
import { globSync, readFileSync } from 'node:fs';
import { checkLayers } from './layers.ts';

const paths = globSync(['rescue/**/*.{ts,tsx}', 'test-vm/**/*.{ts,tsx}', 'scripts/**/*.ts'], {
  exclude: (path) => /(^|\/)(node_modules|build|dist)(\/|$)/.test(path),
});
const problems = checkLayers(new Map(paths.map((path) => [path, readFileSync(path, 'utf8')])));
for (const problem of problems) console.error(problem);
if (paths.length === 0) console.error('no source file found');
process.exitCode = problems.length === 0 && paths.length > 0 ? 0 : 1;
