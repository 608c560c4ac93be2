/**
 * What the terminal UI's bundle needs besides esbuild, so that it is one script that starts fast: Ink and the layout engine under it use top-level await, which
 * the executable's CommonJS assets cannot have. The engine is loaded first, then Ink; Ink's way to its
 * developer tools is left out. A text that is not found any more ends the build: then Ink has changed.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

const cellWidth = resolve(import.meta.dirname, '../rescue/src/tui/cell-width.ts');

/** Where the loaded layout engine is between the two steps. */
const PLACE = 'globalThis.__permafrostYoga';

export const withoutTopLevelAwait: Plugin = {
  name: 'without-top-level-await',
  setup(build) {
    build.onLoad({ filter: /[\\/]tui[\\/]tui-command\.ts$/ }, async ({ path }) => ({
      contents: replaceOnce(
        await readFile(path, 'utf8'),
        "return import('./start.ts');",
        // It is text in the bundle; given the chance the engine would "fetch" it, and Node load all of its HTTP client.
        `const { loadYoga } = await import('yoga-layout/load');
         const { fetch } = globalThis;
         globalThis.fetch = undefined;
         ${PLACE} = await loadYoga();
         globalThis.fetch = fetch;
         return import('./start.ts');`,
        path,
      ).replace(/^/, '// @ts-nocheck\n'),
      loader: 'ts',
      resolveDir: dirname(path),
    }));
    build.onResolve({ filter: /^string-width$/ }, () => ({ path: cellWidth, namespace: 'cell-width' }));
    build.onLoad({ filter: /./, namespace: 'cell-width' }, ({ path }) => ({
      contents: `export { cellWidth as default } from ${JSON.stringify(path)};`,
      resolveDir: dirname(path),
    }));
    build.onLoad({ filter: /yoga-layout[\\/]dist[\\/]src[\\/]index\.js$/ }, ({ path }) => ({
      contents: `export default ${PLACE};\nexport * from './generated/YGEnums.js';`,
      loader: 'js',
      resolveDir: dirname(path),
    }));
    build.onLoad({ filter: /[\\/]ink[\\/]build[\\/]reconciler\.js$/ }, async ({ path }) => ({
      contents: replaceOnce(
        replaceOnce(await readFile(path, 'utf8'), "await import('./devtools.js');", '', path),
        'await loadPackageJson()',
        '{}',
        path,
      ),
      loader: 'js',
      resolveDir: dirname(path),
    }));
  },
};

function replaceOnce(text: string, from: string, to: string, path: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${path} has "${from}" ${parts.length - 1} times, not once`);
  return parts.join(to);
}
