/** Which packages, in which versions, the archive has now for what scripts/iso/packages.ts asks for. */
import type { Archive, ArchivePackage } from './apt.ts';
import type { DebianLock, LockedPackage, Purpose } from './lock-file.ts';
import {
  bootPackages,
  guestPackages,
  kernelPackage,
  rootPackages,
  suite,
  toolPackages,
  unwanted,
} from './packages.ts';

/**
 * What of `packages` the packages named `wanted` reach by their dependencies without stepping on one named in
 * `without`. A dependency that `packages` does not meet is left to the check of the finished root.
 */
export function reachable(
  packages: readonly ArchivePackage[],
  wanted: readonly string[],
  without: readonly string[],
): ArchivePackage[] {
  const byName = new Map(packages.map((entry) => [entry.name, entry]));
  const providers = new Map<string, string[]>();
  for (const entry of packages) {
    for (const name of [entry.name, ...entry.provides]) {
      providers.set(name, [...(providers.get(name) ?? []), entry.name]);
    }
  }
  const found = new Set<string>();
  const queue = [...wanted];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const entry = byName.get(name);
    if (entry === undefined || found.has(name) || without.includes(name)) continue;
    found.add(name);
    for (const alternatives of entry.depends) {
      const chosen = alternatives.find((alternative) => providers.has(alternative));
      if (chosen !== undefined) queue.push(...providers.get(chosen)!);
    }
  }
  return packages.filter((entry) => found.has(entry.name));
}

/** What the image asks for; `scripts/iso/packages.ts` has it. */
export interface Wanted {
  readonly suite: string;
  readonly root: readonly string[];
  readonly tools: readonly string[];
  readonly boot: readonly string[];
  readonly guest: readonly string[];
  readonly kernel: string;
  readonly unwanted: readonly string[];
}

export const imagePackages: Wanted = {
  ...{ suite, root: rootPackages, tools: toolPackages, boot: bootPackages, guest: guestPackages },
  ...{ kernel: kernelPackage, unwanted },
};

/** The lock for the newest versions that the archive has. */
export function resolvePackages(archive: Archive, wanted: Wanted = imagePackages): DebianLock {
  const locked = new Map<string, LockedPackage>();
  const add = (entries: readonly ArchivePackage[], purpose: Purpose): void => {
    for (const { name, version, suite: from, path, sizeBytes, sha256 } of entries) {
      const purposes = [...(locked.get(name)?.purposes ?? []), purpose];
      locked.set(name, { name, version, suite: from, path, sizeBytes, sha256, purposes });
    }
  };
  add(reachable(archive.closure(wanted.root), wanted.root, wanted.unwanted), 'root');
  add(reachable(archive.closure(wanted.tools), wanted.tools, wanted.unwanted), 'tools');
  add(reachable(archive.closure(wanted.guest), wanted.guest, wanted.unwanted), 'guest');
  const kernel = archive
    .show([wanted.kernel])
    .flatMap(({ depends }) => depends.flat())
    .find((name) => /^linux-image-\d/.test(name));
  if (kernel === undefined) throw new Error(`${wanted.kernel} depends on no kernel`);
  add(archive.show([kernel, ...wanted.boot]), 'boot');
  return {
    suite: wanted.suite,
    architecture: 'amd64',
    sourceDateEpoch: archive.publishedEpoch,
    packages: [...locked.values()],
  };
}
