/**
 * Builds the bootable image, step by step; each step can also be run alone. Only where kernel and root come from
 * depends on the base. Usage: node scripts/iso/build.ts [--base debian|buildroot] [--work DIR] [--cache DIR]
 * [--output FILE]; needs dist/permafrost.
 */
import { buildWithBuildroot, checkInputs, packagesTaken } from './buildroot/build.ts';
import { runStep } from './command.ts';
import { fetchPackages } from './fetch.ts';
import { readFolders } from './folders.ts';
import { buildInitramfs } from './initramfs.ts';
import { readLock } from './lock-file.ts';
import { buildMedium } from './medium.ts';
import { buildRoot, packRoot } from './root.ts';
import { unpackBootAndTools } from './unpack.ts';

runStep(() => {
  const folders = readFolders();
  const buildroot = folders.base === 'buildroot' ? checkInputs(folders) : undefined;
  const lock = readLock();
  fetchPackages(folders, buildroot === undefined ? lock : packagesTaken(lock));
  unpackBootAndTools(folders);
  if (buildroot !== undefined) buildWithBuildroot(folders, buildroot);
  buildRoot(folders);
  packRoot(folders);
  buildInitramfs(folders);
  buildMedium(folders);
});
