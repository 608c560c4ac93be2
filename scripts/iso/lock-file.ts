/** The lock file of the `debian` base: which packages, of which version and content, the image is made of. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a package is for: a part of the running system, of what starts it, a tool of the build, or a part of the small
 * Linux that tests install on their disks.
 */
export type Purpose = 'root' | 'boot' | 'tools' | 'guest';

export const purposes: readonly Purpose[] = ['root', 'boot', 'tools', 'guest'];

/** One file of the archive. */
export interface LockedFile {
  /** The part of the distribution that it comes from: `trixie`, `trixie-updates`, `trixie-security`. */
  readonly suite: string;
  /** Below the base of that suite's archive, `pool/...`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface LockedPackage extends LockedFile {
  readonly name: string;
  readonly version: string;
  readonly purposes: readonly Purpose[];
}

export interface DebianLock {
  /** The release. */
  readonly suite: string;
  readonly architecture: 'amd64';
  /** When the newest of its suites was published, in seconds since 1970: the date of every file in the image. */
  readonly sourceDateEpoch: number;
  readonly packages: readonly LockedPackage[];
}

const lockPath = join(import.meta.dirname, 'debian.lock.json');

export { lockPath };

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`debian.lock.json: ${what}; \`make lock\` writes it anew`);
}

const isSuite = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z0-9-]*$/.test(value);

function parsePackage(value: unknown): LockedPackage {
  check(typeof value === 'object' && value !== null, 'a package is no object');
  const { name, version, suite, path, sizeBytes, sha256, purposes: uses } = value as Record<string, unknown>;
  check(
    typeof name === 'string' && /^[a-z0-9][a-z0-9+.-]+$/.test(name),
    `${String(name)} is no package name`,
  );
  check(typeof version === 'string' && /^[\w.+:~-]+$/.test(version), `${name} has no version`);
  check(isSuite(suite), `${name} has no suite`);
  check(
    typeof path === 'string' && /^pool\/[\w.+~/-]+\.deb$/.test(path) && !path.includes('..'),
    `${name} has no path in the archive's pool`,
  );
  check(
    typeof sizeBytes === 'number' && Number.isSafeInteger(sizeBytes) && sizeBytes > 0,
    `${name} has no size`,
  );
  check(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256), `${name} has no SHA-256`);
  check(Array.isArray(uses) && uses.length > 0, `${name} has no purpose`);
  for (const use of uses) check(purposes.includes(use as Purpose), `${name} is for ${String(use)}`);
  return { name, version, suite, path, sizeBytes, sha256, purposes: uses as Purpose[] };
}

/** Parses the text of a lock file; an Error says what is wrong with it. */
export function parseLock(text: string): DebianLock {
  const value: unknown = JSON.parse(text);
  check(typeof value === 'object' && value !== null, 'no object');
  const { suite, architecture, sourceDateEpoch, packages } = value as Record<string, unknown>;
  check(isSuite(suite), 'no suite');
  check(architecture === 'amd64', 'the architecture is not amd64');
  check(
    typeof sourceDateEpoch === 'number' && Number.isSafeInteger(sourceDateEpoch) && sourceDateEpoch > 0,
    'no sourceDateEpoch',
  );
  check(Array.isArray(packages) && packages.length > 0, 'no packages');
  const parsed = packages.map(parsePackage);
  const names = new Set(parsed.map(({ name }) => name));
  check(names.size === parsed.length, 'a package is listed twice');
  return { suite, architecture, sourceDateEpoch, packages: parsed };
}

/** The text of a lock file: one package a line, sorted, so that changes read well. */
export function formatLock(lock: DebianLock): string {
  const { packages, ...head } = lock;
  const sorted = [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = sorted.map((entry) => `    ${JSON.stringify(entry)}`);
  const opening = JSON.stringify(head, null, 2).replace(/\n}$/, ',\n');
  return `${opening}  "packages": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

export function readLock(path: string = lockPath): DebianLock {
  return parseLock(readFileSync(path, 'utf8'));
}

/** SOURCE_DATE_EPOCH if it is set, the lock's date otherwise; seconds since 1970. */
export function sourceDateEpoch(lock: Pick<DebianLock, 'sourceDateEpoch'>): number {
  const text = process.env['SOURCE_DATE_EPOCH'];
  if (text === undefined || text === '') return lock.sourceDateEpoch;
  if (!/^\d{1,10}$/.test(text)) throw new Error('SOURCE_DATE_EPOCH is not a number of seconds');
  return Number(text);
}
