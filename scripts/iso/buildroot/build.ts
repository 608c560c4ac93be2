/**
 * Builds kernel and root of the Buildroot base with what Debian's archive has (`INPUTS=debian`): the lock file's
 * packages make the build system, its sources are what is built. The machine needs a shell, tar, dpkg-deb, unshare
 * and a Buildroot tree, and nothing else of it gets into the image.
 */
import { say } from '../command.ts';
import { fetchFiles } from '../fetch.ts';
import type { Folders } from '../folders.ts';
import { sourceDateEpoch, type DebianLock } from '../lock-file.ts';
import { given } from '../mirror.ts';
import { makeBuildSystem } from './build-system.ts';
import { findBuildroot, versionOf } from './checkout.ts';
import { buildFolders } from './folders.ts';
import { readLock } from './lock-file.ts';
import { makeImages } from './make.ts';
import { layKernel, takenAsBuilt } from './root.ts';
import { laySources } from './sources.ts';

/**
 * What of the image's Debian packages this base takes, and for what: boot loaders, tools of the build, and programs
 * that cannot be built. A package that the other base has in its root is here a tool's at most.
 */
export const packagesTaken = (lock: DebianLock): DebianLock => ({
  ...lock,
  packages: lock.packages.flatMap((entry) => {
    const purposes = entry.purposes.filter(
      (use) => use === 'boot' || use === 'tools' || (use === 'root' && entry.name in takenAsBuilt),
    );
    return purposes.length === 0 ? [] : [{ ...entry, purposes }];
  }),
});

/** Fails where INPUTS asks for what there is not, or Buildroot is not to be had; before anything is done. */
export function checkInputs(folders: Folders): string {
  const inputs = given('INPUTS') ?? 'debian';
  if (inputs !== 'debian')
    throw new Error(`INPUTS=${inputs}: there are only inputs from Debian's archive, INPUTS=debian`);
  return findBuildroot(folders.work);
}

/** Builds WORK/kernel and what WORK/root is filled from; `buildroot` is the folder that `checkInputs` found. */
export function buildWithBuildroot(folders: Folders, buildroot: string): void {
  const lock = readLock();
  const version = versionOf(buildroot);
  if (version !== lock.buildroot) say(`the sources are those that Buildroot ${lock.buildroot} expects`);
  const epoch = sourceDateEpoch(lock);
  const build = buildFolders(folders);
  const files = [...lock.packages, ...lock.sources.flatMap((source) => source.files)];
  const gone = fetchFiles(folders, files);
  if (gone.length > 0) {
    const names = gone.map(({ path }) => path).join(', ');
    throw new Error(`the mirror no longer has ${names}: \`make lock BASE=buildroot\` pins what it has`);
  }
  makeBuildSystem(folders, build, lock);
  laySources(folders, build, lock, epoch);
  makeImages(folders, build, buildroot, epoch);
  layKernel(folders);
}
