/** Debian's archive of sources: which files a source package of each suite consists of. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIndexes } from '../apt.ts';
import { CommandFailed, run } from '../command.ts';
import type { LockedFile } from '../lock-file.ts';
import { findKeyring, findMirrors, mirrorOf } from '../mirror.ts';

export interface SourcePackage {
  readonly name: string;
  readonly version: string;
  readonly suite: string;
  /** What it consists of, signatures of its makers left out. */
  readonly files: readonly LockedFile[];
}

/** Parses the stanzas of a Sources index; those for which `wanted` is false are skipped. */
export function parseSources(
  text: string,
  suite: string,
  wanted: (name: string) => boolean,
): SourcePackage[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? '';
    const name = field('Package');
    if (name === '' || !wanted(name)) return [];
    const sums = /^Checksums-Sha256:[^\n]*\n((?: .*\n?)+)/m.exec(stanza)?.[1] ?? '';
    const files = [...sums.matchAll(/^ ([0-9a-f]{64}) (\d+) (\S+)$/gm)]
      .map(([, sha256, size, file]) => ({
        ...{ suite, path: `${field('Directory')}/${file!}`, sizeBytes: Number(size), sha256: sha256! },
      }))
      .filter(({ path }) => !path.endsWith('.asc'));
    return files.length === 0 ? [] : [{ name, version: field('Version'), suite, files }];
  });
}

/** Reads the signed indexes of sources of `suites` into `work`/apt-sources; what they have of `names`. */
export function readSources(
  work: string,
  suites: readonly string[],
  names: ReadonlySet<string>,
): SourcePackage[] {
  const mirrors = findMirrors();
  const keyring = findKeyring(work);
  const known = suites.filter((suite) => mirrorOf(mirrors, suite) !== undefined);
  const apt = readIndexes(
    join(work, 'apt-sources'),
    known.map((suite) => `deb-src [signed-by=${keyring}] ${mirrorOf(mirrors, suite)!} ${suite} main`),
  );
  const format = ['--format', '$(FILENAME)|$(RELEASE)', 'Created-By: Sources'];
  const lists = apt('apt-get', 'indextargets', ...format)
    .trim()
    .split('\n');
  return lists.flatMap((line) => {
    const file = line.split('|')[0]!;
    const suite = known.find((name) => file.includes(`_dists_${name}_`));
    if (suite === undefined) throw new Error(`${file} is the index of no suite that was asked for`);
    const text = run('/usr/lib/apt/apt-helper', ['cat-file', file]);
    return parseSources(text, suite, (name) => names.has(name));
  });
}

function isNewer(a: string, b: string): boolean {
  try {
    run('dpkg', ['--compare-versions', a, 'gt', b]);
    return true;
  } catch (error) {
    if (error instanceof CommandFailed && error.exitCode === 1) return false;
    throw error;
  }
}

/** `packages` in the order of `groups` of suites, within one group the newest first. */
export function byPreference(
  packages: readonly SourcePackage[],
  groups: readonly (readonly string[])[],
): SourcePackage[] {
  const rank = ({ suite }: SourcePackage): number => groups.findIndex((group) => group.includes(suite));
  return [...packages].sort((a, b) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    return a.version === b.version ? 0 : isNewer(a.version, b.version) ? -1 : 1;
  });
}

/** The sums in Buildroot's hash file at `path`: file name to SHA-256. */
export function readHashes(path: string): Map<string, string> {
  const lines = [...readFileSync(path, 'utf8').matchAll(/^sha256\s+([0-9a-f]{64})\s+(\S+)/gm)];
  return new Map(lines.map(([, sha256, name]) => [name!, sha256!]));
}
