/** The lock file of the Buildroot base: every package and every source that it takes from Debian's archive. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LockedFile } from '../lock-file.ts';

/** A binary package of the build system. */
export interface LockedBuildPackage extends LockedFile {
  readonly name: string;
  readonly version: string;
}

export interface LockedSource {
  /** Buildroot's name of the package. */
  readonly package: string;
  /** Debian's name and version of the source. */
  readonly source: string;
  readonly version: string;
  /**
   * `identical`: one file, the very archive that Buildroot expects, whose hash it checks itself. `debian`: Debian's
   * source takes the place of Buildroot's; `unpatched`: so it does, but the archive did not hand out Debian's patches.
   */
  readonly form: 'identical' | 'debian' | 'unpatched';
  /** Of an identical one: what Buildroot calls the file, below its folder of downloads. */
  readonly place?: string;
  readonly files: readonly LockedFile[];
}

export interface BuildrootLock {
  readonly suite: string;
  /** The Buildroot release that the sources were chosen for. */
  readonly buildroot: string;
  /** When the newest index was published, seconds since 1970: the date of every file in the image. */
  readonly sourceDateEpoch: number;
  readonly packages: readonly LockedBuildPackage[];
  readonly sources: readonly LockedSource[];
}

export const lockPath = join(import.meta.dirname, 'buildroot.lock.json');

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`buildroot.lock.json: ${what}; \`make lock BASE=buildroot\` writes it anew`);
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z0-9][a-z0-9+.-]*$/.test(value);
const isVersion = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w.+:~-]+$/.test(value);
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
const fields = (value: unknown, what: string): Record<string, unknown> => {
  check(typeof value === 'object' && value !== null, `${what} is no object`);
  return value as Record<string, unknown>;
};

function parseFile(value: unknown, owner: string): LockedFile {
  const { suite, path, sizeBytes, sha256 } = fields(value, `a file of ${owner}`);
  check(isName(suite), `${owner} has no suite`);
  check(
    typeof path === 'string' && /^pool\/[\w.+~/-]+$/.test(path) && !path.includes('..'),
    `${owner} has no path in the archive's pool`,
  );
  check(isCount(sizeBytes), `${owner} has no size`);
  check(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256), `${owner} has no SHA-256`);
  return { suite, path, sizeBytes, sha256 };
}

function parsePackage(value: unknown): LockedBuildPackage {
  const { name, version } = fields(value, 'a package');
  check(isName(name), `${String(name)} is no package name`);
  check(isVersion(version), `${name} has no version`);
  return { name, version, ...parseFile(value, name) };
}

function parseSource(value: unknown): LockedSource {
  const { package: name, source, version, form, place, files } = fields(value, 'a source');
  check(isName(name), `${String(name)} is no package name`);
  check(isName(source) && isVersion(version), `${name} has no source or no version`);
  check(form === 'identical' || form === 'debian' || form === 'unpatched', `${name} is ${String(form)}`);
  check(Array.isArray(files) && files.length > 0, `${name} has no files`);
  const common = { package: name, source, version, form } as const;
  const parsed = files.map((file) => parseFile(file, name));
  if (form !== 'identical') return { ...common, files: parsed };
  check(
    typeof place === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(place) && !place.includes('..'),
    `${name} has no place`,
  );
  check(parsed.length === 1, `${name} has more than one file`);
  return { ...common, place, files: parsed };
}

/** Parses the text of a lock file; an Error says what is wrong with it. */
export function parseLock(text: string): BuildrootLock {
  const value = fields(JSON.parse(text), 'it');
  const { suite, buildroot, sourceDateEpoch, packages, sources } = value;
  check(isName(suite), 'no suite');
  check(isVersion(buildroot), 'no Buildroot release');
  check(isCount(sourceDateEpoch), 'no sourceDateEpoch');
  check(Array.isArray(packages) && packages.length > 0, 'no packages');
  check(Array.isArray(sources) && sources.length > 0, 'no sources');
  const parsed = { packages: packages.map(parsePackage), sources: sources.map(parseSource) };
  const names = parsed.packages.map(({ name }) => name);
  check(new Set(names).size === names.length, 'a package is listed twice');
  const owners = parsed.sources.map((source) => source.package);
  check(new Set(owners).size === owners.length, 'a source is listed twice');
  return { suite, buildroot, sourceDateEpoch, ...parsed };
}

/** The text of a lock file: one package a line, sorted, so that changes read well. */
export function formatLock(lock: BuildrootLock): string {
  const sorted = (entries: readonly object[], key: (entry: never) => string): string =>
    [...entries]
      .sort((a, b) => (key(a as never) < key(b as never) ? -1 : 1))
      .map((entry) => `    ${JSON.stringify(entry)}`)
      .join(',\n');
  const { packages, sources, ...head } = lock;
  const opening = JSON.stringify(head, null, 2).replace(/\n}$/, ',\n');
  const binary = sorted(packages, (entry: LockedBuildPackage) => entry.name);
  const source = sorted(sources, (entry: LockedSource) => entry.package);
  return `${opening}  "packages": [\n${binary}\n  ],\n  "sources": [\n${source}\n  ]\n}\n`;
}

export const readLock = (path: string = lockPath): BuildrootLock => parseLock(readFileSync(path, 'utf8'));
