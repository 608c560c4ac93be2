/**
 * The Debian archive, seen through an apt configuration of the project's own: its own lists, nothing installed,
 * one suite. Nothing of the machine's package state is read or changed; works as an ordinary user.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, say } from './command.ts';

/** One stanza of the archive's package index. */
export interface ArchivePackage {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Alternatives of each dependency, names only. */
  readonly depends: readonly (readonly string[])[];
  readonly provides: readonly string[];
}

const keyringNames = ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp'];

/** The mirrors of a `mirror+file:` source are listed in that file, the best first. */
function resolveMirrorList(uri: string): string {
  const listed = /^mirror\+file:(.*)$/.exec(uri)?.[1];
  if (listed === undefined) return uri;
  const first = readFileSync(listed.replace(/^\/\/(?=\/)/, '').replace(/\/$/, ''), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/)[0] ?? '')
    .find((line) => line !== '');
  if (first === undefined) throw new Error(`${listed} names no mirror`);
  return first;
}

/**
 * The mirror among `lines` of `REPO_URI|LABEL|CODENAME`, as `apt-get indextargets` prints them: the one whose
 * index says that it is Debian's main archive; without any index, the one that is called `/debian`.
 */
export function chooseMirror(lines: readonly string[]): string | undefined {
  const sources = lines.map((line) => {
    const [uri = '', label = ''] = line.split('|');
    return { uri, label };
  });
  const found =
    sources.find(({ label }) => label === 'Debian') ?? sources.find(({ uri }) => /\/debian\/?$/.test(uri));
  return found?.uri;
}

/** The base address of the Debian archive: DEBIAN_MIRROR, or what this machine's own apt uses. */
export function findMirror(): string {
  const given = process.env['DEBIAN_MIRROR'];
  if (given !== undefined && given !== '') return given.replace(/\/*$/, '');
  const lines = run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)|$(LABEL)|$(CODENAME)',
    'Created-By: Packages',
  ]).split('\n');
  const uri = chooseMirror(lines);
  if (uri === undefined) {
    throw new Error("this machine's apt has no Debian mirror: set DEBIAN_MIRROR to the address of one");
  }
  return resolveMirrorList(uri).replace(/\/*$/, '');
}

/** The keys that the archive's signatures are checked with: this machine's, or fetched by its own apt. */
function findKeyring(work: string): string {
  const installed = keyringNames.map((name) => join('/usr/share/keyrings', name)).find(existsSync);
  if (installed !== undefined) return installed;
  say('fetching debian-archive-keyring');
  const folder = join(work, 'keyring');
  mkdirSync(folder, { recursive: true });
  run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', 'debian-archive-keyring'], { cwd: folder });
  const deb = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (deb === undefined) throw new Error('debian-archive-keyring could not be fetched');
  run('dpkg-deb', ['-x', deb, 'unpacked'], { cwd: folder });
  const fetched = keyringNames.map((name) => join(folder, 'unpacked/usr/share/keyrings', name));
  const keyring = fetched.find(existsSync);
  if (keyring === undefined) throw new Error('debian-archive-keyring holds no keyring');
  return keyring;
}

function parseDepends(text: string): string[][] {
  return text
    .split(',')
    .map((group) => group.split('|').map((name) => name.trim().replace(/[\s:(].*$/s, '')))
    .map((names) => names.filter((name) => name !== ''))
    .filter((names) => names.length > 0);
}

/** Parses the stanzas that `apt-cache show` prints. */
export function parseStanzas(text: string): ArchivePackage[] {
  return text
    .split(/\n\n+/)
    .filter((stanza) => stanza.trim() !== '')
    .map((stanza) => {
      const field = (name: string): string =>
        new RegExp(`^${name}: (.*(?:\\n .*)*)`, 'm').exec(stanza)?.[1]?.trim() ?? '';
      return {
        name: field('Package'),
        version: field('Version'),
        path: field('Filename'),
        sizeBytes: Number(field('Size')),
        sha256: field('SHA256'),
        depends: parseDepends(`${field('Pre-Depends')},${field('Depends')}`),
        provides: parseDepends(field('Provides')).flat(),
      };
    });
}

export interface Archive {
  /** When the suite was published, seconds since 1970. */
  readonly publishedEpoch: number;
  /** What would be installed for `names` where nothing is, with all dependencies. */
  closure(names: readonly string[]): ArchivePackage[];
  /** The newest version of each, without dependencies. */
  show(names: readonly string[]): ArchivePackage[];
}

/** Fetches the index of a suite into `work`/apt and checks its signature. */
export function openArchive(suite: string, work: string): Archive {
  const folder = join(work, 'apt');
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['lists/partial', 'archives/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  const source = `deb [arch=amd64 signed-by=${findKeyring(work)}] ${findMirror()} ${suite} main\n`;
  writeFileSync(join(folder, 'sources.list'), source);
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
  const apt = (program: string, ...args: string[]): string => run(program, [...settings, ...args]);
  say(`reading the index of Debian ${suite}`);
  // A missing or wrong signature is an error, not a warning that scrolls by.
  apt('apt-get', '-q', '-o', 'APT::Update::Error-Mode=any', 'update');
  const release = readdirSync(join(folder, 'lists')).find((name) => name.endsWith('_InRelease'));
  if (release === undefined) throw new Error(`the archive has no signed index of ${suite}`);
  const dated = /^Date: (.*)$/m.exec(readFileSync(join(folder, 'lists', release), 'utf8'))?.[1];
  const publishedEpoch = Date.parse(dated ?? '') / 1000;
  if (!Number.isSafeInteger(publishedEpoch)) throw new Error(`the index of ${suite} has no date`);
  const show = (names: readonly string[]): ArchivePackage[] => {
    const found = parseStanzas(apt('apt-cache', 'show', '--no-all-versions', ...names));
    const missing = names.filter((name) => !found.some((entry) => entry.name === name));
    if (missing.length > 0) throw new Error(`Debian ${suite} has no ${missing.join(', ')}`);
    return found;
  };
  const closure = (names: readonly string[]): ArchivePackage[] => {
    const plan = apt('apt-get', '-s', '-y', 'install', ...names);
    return show([...plan.matchAll(/^Inst (\S+) /gm)].map((match) => match[1]!));
  };
  return { publishedEpoch, closure, show };
}
