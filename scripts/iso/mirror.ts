/** Where the packages of Debian come from: the mirrors that this machine's own apt uses, or those that are given. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, say } from './command.ts';

export interface Mirrors {
  /** The base address of the archive, without a slash at its end. */
  readonly main: string;
  /** That of the archive of security fixes; undefined if there shall be none. */
  readonly security: string | undefined;
}

/** The suites that a release is made of, the one whose packages last longest first. */
export const suitesOf = (release: string): readonly string[] => [
  release,
  `${release}-updates`,
  `${release}-security`,
];

export const isSecurity = (suite: string): boolean => suite.endsWith('-security');

/** The mirror that has `suite`; undefined if none shall be asked. */
export const mirrorOf = (mirrors: Mirrors, suite: string): string | undefined =>
  isSecurity(suite) ? mirrors.security : mirrors.main;

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
 * index has the label; without any index, the one whose address ends with `folder`.
 */
export function chooseMirror(lines: readonly string[], label: string, folder: string): string | undefined {
  const sources = lines.map((line) => {
    const [uri = '', found = ''] = line.split('|');
    return { uri, label: found };
  });
  const found =
    sources.find((source) => source.label === label) ??
    sources.find(({ uri }) => uri.replace(/\/*$/, '').endsWith(`/${folder}`));
  return found?.uri;
}

/** What an environment variable says, less slashes at its end; undefined if it is not set or empty. */
export const given = (name: string): string | undefined => {
  const value = process.env[name]?.replace(/\/*$/, '');
  return value === '' ? undefined : value;
};

/**
 * The mirrors of this machine's apt, or DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR (`none`: without security fixes).
 * Where only the archive is known, the fixes are looked for beside it, as mirrors have them.
 */
export function findMirrors(): Mirrors {
  let lines: string[] | undefined;
  const ofMachine = (label: string, folder: string): string | undefined => {
    const format = ['--format', '$(REPO_URI)|$(LABEL)|$(CODENAME)', 'Created-By: Packages'];
    lines ??= run('apt-get', ['indextargets', ...format]).split('\n');
    const uri = chooseMirror(lines, label, folder);
    return uri === undefined ? undefined : resolveMirrorList(uri).replace(/\/*$/, '');
  };
  const main = given('DEBIAN_MIRROR') ?? ofMachine('Debian', 'debian');
  if (main === undefined) {
    throw new Error("this machine's apt has no Debian mirror: set DEBIAN_MIRROR to the address of one");
  }
  const wanted = given('DEBIAN_SECURITY_MIRROR');
  if (wanted === 'none') return { main, security: undefined };
  const beside = `${main}-security`;
  const own =
    given('DEBIAN_MIRROR') === undefined ? ofMachine('Debian-Security', 'debian-security') : undefined;
  return { main, security: wanted ?? own ?? beside };
}

const keyringNames = ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp'];

/** The keys that signatures are checked with: DEBIAN_KEYRING, this machine's, or fetched by its own apt. */
export function findKeyring(work: string): string {
  const wanted = given('DEBIAN_KEYRING');
  if (wanted !== undefined) return wanted;
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
