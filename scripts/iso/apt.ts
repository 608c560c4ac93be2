/**
 * The Debian archive, seen through an apt configuration of the project's own: its own lists, nothing installed,
 * one release with its updates and security fixes. Nothing of the machine's package state is read or changed; works
 * as an ordinary user.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, run, say } from './command.ts';
import { findKeyring, findMirrors, isSecurity, mirrorOf, suitesOf } from './mirror.ts';

/** One stanza of the archive's package index. */
export interface ArchivePackage {
  readonly name: string;
  readonly version: string;
  /** The suite that has it: the release's own, where several have the same version. */
  readonly suite: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Alternatives of each dependency, names only. */
  readonly depends: readonly (readonly string[])[];
  readonly provides: readonly string[];
}

function parseDepends(text: string): string[][] {
  return text
    .split(',')
    .map((group) => group.split('|').map((name) => name.trim().replace(/[\s:(].*$/s, '')))
    .map((names) => names.filter((name) => name !== ''))
    .filter((names) => names.length > 0);
}

/** Parses the stanzas that `apt-cache show` prints; `suiteOf` says which suite a version of a package is in. */
export function parseStanzas(
  text: string,
  suiteOf: (name: string, version: string, path: string) => string,
): ArchivePackage[] {
  return text
    .split(/\n\n+/)
    .filter((stanza) => stanza.trim() !== '')
    .map((stanza) => {
      const field = (name: string): string =>
        new RegExp(`^${name}: (.*(?:\\n .*)*)`, 'm').exec(stanza)?.[1]?.trim() ?? '';
      const [name, version, path] = [field('Package'), field('Version'), field('Filename')];
      return {
        ...{ name, version, path, suite: suiteOf(name, version, path) },
        sizeBytes: Number(field('Size')),
        sha256: field('SHA256'),
        depends: parseDepends(`${field('Pre-Depends')},${field('Depends')}`),
        provides: parseDepends(field('Provides')).flat(),
      };
    });
}

export interface Archive {
  /** When the newest of the suites was published, seconds since 1970. */
  readonly publishedEpoch: number;
  /** What would be installed for `names` where nothing is, with all dependencies. */
  closure(names: readonly string[]): ArchivePackage[];
  /** The newest version of each, without dependencies. */
  show(names: readonly string[]): ArchivePackage[];
}

/**
 * Which of `suites` has a version of a package, from the lines of `apt-cache madison`; where several have it the
 * first. A path below `pool/updates` is one of the archive of security fixes, and of no other.
 */
export function chooseSuite(
  madison: string,
  suites: readonly string[],
  [name, version, path]: readonly [string, string, string],
): string {
  const found = new Set<string>();
  for (const line of madison.split('\n')) {
    const [package_, which, source = ''] = line.split('|').map((part) => part.trim());
    const suite = /^\S+ ([^\s/]+)\//.exec(source)?.[1];
    if (package_ === name && which === version && suite !== undefined) found.add(suite);
  }
  const fixes = path.startsWith('pool/updates/');
  const suite = suites.find((candidate) => found.has(candidate) && isSecurity(candidate) === fixes);
  if (suite === undefined) throw new Error(`no suite of ${suites.join(', ')} has ${name} ${version}`);
  return suite;
}

/** The newest date of the indexes in the folder `lists`, one for each of `count` suites. */
function newestDate(lists: string, count: number): number {
  const releases = readdirSync(lists).filter((name) => name.endsWith('_InRelease'));
  if (releases.length !== count) throw new Error(`the archive has no signed index of some suite`);
  const epochs = releases.map((name) => {
    const dated = /^Date: (.*)$/m.exec(readFileSync(join(lists, name), 'utf8'))?.[1];
    return Date.parse(dated ?? '') / 1000;
  });
  const newest = Math.max(...epochs);
  if (!Number.isSafeInteger(newest)) throw new Error('an index of the archive has no date');
  return newest;
}

/** Runs one of apt's programs with the project's own configuration; its standard output. */
export type Apt = (program: string, ...args: readonly string[]) => string;

/** Fetches the indexes that `sources` names, lines of a sources.list, into `folder` and checks their signatures. */
export function readIndexes(folder: string, sources: readonly string[]): Apt {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['lists/partial', 'archives/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(join(folder, 'sources.list'), sources.map((line) => `${line}\n`).join(''));
  const options = {
    'Dir::State': folder,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::State::extended_states': join(folder, 'extended_states'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '-',
    'Dir::Etc::preferencesparts': '-',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Install-Recommends': '0',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': '1',
  };
  const settings = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const apt: Apt = (program, ...args) => run(program, [...settings, ...args]);
  try {
    // A missing or wrong signature is an error, not a warning that scrolls by.
    apt('apt-get', '-q', '-o', 'APT::Update::Error-Mode=any', 'update');
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const hint = 'DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR say where else to look (docs/boot.md)';
    throw new Error(`the indexes of Debian cannot be read; ${hint}:\n${error.message}`, { cause: error });
  }
  return apt;
}

/** Fetches the indexes of a release into `work`/apt and checks their signatures. */
export function openArchive(release: string, work: string): Archive {
  const folder = join(work, 'apt');
  const mirrors = findMirrors();
  if (mirrors.security === undefined)
    say('WARNING: security fixes are left out, as DEBIAN_SECURITY_MIRROR says');
  const suites = suitesOf(release).filter((suite) => mirrorOf(mirrors, suite) !== undefined);
  const keyring = findKeyring(work);
  say(`reading the indexes of Debian ${suites.join(', ')}`);
  const apt = readIndexes(
    folder,
    suites.map((suite) => `deb [arch=amd64 signed-by=${keyring}] ${mirrorOf(mirrors, suite)!} ${suite} main`),
  );
  const show = (names: readonly string[]): ArchivePackage[] => {
    const madison = apt('apt-cache', 'madison', ...names);
    const found = parseStanzas(apt('apt-cache', 'show', '--no-all-versions', ...names), (...which) =>
      chooseSuite(madison, suites, which),
    );
    const missing = names.filter((name) => !found.some((entry) => entry.name === name));
    if (missing.length > 0) throw new Error(`Debian ${release} has no ${missing.join(', ')}`);
    return found;
  };
  const closure = (names: readonly string[]): ArchivePackage[] => {
    const plan = apt('apt-get', '-s', '-y', 'install', ...names);
    return show([...plan.matchAll(/^Inst (\S+) /gm)].map((match) => match[1]!));
  };
  return { publishedEpoch: newestDate(join(folder, 'lists'), suites.length), closure, show };
}
