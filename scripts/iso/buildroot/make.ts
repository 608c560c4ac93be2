/** Runs Buildroot in the build system: configuration, what it would build, and the build. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { say } from '../command.ts';
import type { Folders } from '../folders.ts';
import { enter, type Mount } from './build-system.ts';
import type { BuildFolders } from './folders.ts';
import { checkKernelOptions } from './kernel-options.ts';

/** A package that Buildroot would build for the target, and the files that it would download. */
export interface Selected {
  readonly name: string;
  readonly downloads: readonly { readonly file: string; readonly place: string }[];
}

const overlayOf = (folders: Folders): string => join(folders.project, 'buildroot-overlay');

function mounts(folders: Folders, build: BuildFolders, buildroot: string): Mount[] {
  // Buildroot adds to its version what git says of its folder: the same tree must not depend on that.
  const hidden = join(build.inputs, 'nothing');
  mkdirSync(hidden, { recursive: true });
  const git = statSync(join(buildroot, '.git'), { throwIfNoEntry: false });
  const empty = git?.isDirectory() === true ? hidden : '/dev/null';
  return [
    { from: buildroot, at: 'buildroot', readOnly: true },
    ...(git === undefined ? [] : [{ from: empty, at: 'buildroot/.git', readOnly: true }]),
    { from: overlayOf(folders), at: 'overlay', readOnly: true },
    { from: build.inputs, at: 'inputs' },
    { from: build.output, at: 'output' },
    { from: build.downloads, at: 'downloads' },
  ];
}

/** What of the asked options, the texts of fragments in their order, `.config` has otherwise; the later one counts. */
export function lostOptions(fragments: readonly string[], config: string): string[] {
  const parse = (text: string): Map<string, string> =>
    new Map(
      [...text.matchAll(/^(?:(BR2_\w+)=(.*)|# (BR2_\w+) is not set)$/gm)].map(([, name, value, unset]) => [
        name ?? unset!,
        value ?? 'n',
      ]),
    );
  const final = parse(config);
  const asked = new Map(fragments.flatMap((text) => [...parse(text)]));
  return [...asked]
    .filter(([name, value]) => (final.get(name) ?? 'n') !== value)
    .map(([name, value]) => `${name}=${value} is ${final.get(name) ?? 'n'}`);
}

/** Writes Buildroot's `.config`; an Error names each option that was asked for and that it does not have. */
export function configure(folders: Folders, build: BuildFolders, buildroot: string, epoch: number): void {
  const overlay = overlayOf(folders);
  const fragments = ['configs/permafrost_defconfig', 'inputs/debian/debian.config'].map((name) =>
    readFileSync(join(overlay, name), 'utf8'),
  );
  writeFileSync(join(build.output, 'defconfig'), fragments.join('\n'));
  const make =
    'make -s -C /buildroot O=/output BR2_EXTERNAL=/overlay BR2_DEFCONFIG=/output/defconfig defconfig';
  enter(build, make, mounts(folders, build, buildroot), epoch);
  const lost = lostOptions(fragments, readFileSync(join(build.output, '.config'), 'utf8'));
  if (lost.length > 0) throw new Error(`Buildroot dropped what was asked for:\n  ${lost.join('\n  ')}`);
}

interface Info {
  readonly type: string;
  readonly virtual?: boolean;
  readonly dl_dir?: string;
  readonly downloads?: readonly { readonly source: string }[];
}

/** The packages for the target that have a source. */
export function readSelected(
  folders: Folders,
  build: BuildFolders,
  buildroot: string,
  epoch: number,
): Selected[] {
  configure(folders, build, buildroot, epoch);
  // Without the overrides, which take the names of Buildroot's own archives away.
  const make = 'make -s -C /output BR2_PACKAGE_OVERRIDE_FILE= show-info >/output/info.json';
  enter(build, make, mounts(folders, build, buildroot), epoch);
  const info = JSON.parse(readFileSync(join(build.output, 'info.json'), 'utf8')) as Record<string, Info>;
  return Object.entries(info)
    .filter(([name, { type }]) => type === 'target' && name !== 'linux')
    .map(([name, { dl_dir: folder = name, downloads = [] }]) => ({
      name,
      downloads: downloads.map(({ source }) => ({ file: source, place: `${folder}/${source}` })),
    }))
    .filter(({ downloads }) => downloads.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Builds kernel and root in the folder of output: `images/bzImage`, `images/rootfs.tar`, and the kernel's modules in
 * `target/usr/lib/modules`. What was built of the same sources is kept.
 */
export function makeImages(folders: Folders, build: BuildFolders, buildroot: string, epoch: number): void {
  configure(folders, build, buildroot, epoch);
  const inside = mounts(folders, build, buildroot);
  const jobs = `BR2_JLEVEL=${availableParallelism()}`;
  const run = (target: string): void => enter(build, `make -C /output ${jobs} ${target}`, inside, epoch);
  say('building kernel and userland with Buildroot: tens of minutes when nothing is built yet');
  // The configuration is made first, so that a wrong one is not found out after the build.
  run('linux-configure');
  checkKernelOptions(overlayOf(folders), join(build.output, 'build/linux-custom/.config'));
  rmSync(join(build.output, 'images/rootfs.tar'), { force: true });
  run('all');
}
