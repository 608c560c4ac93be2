/**
 * Builds the bootable image, step by step; each step can also be run alone. Only where kernel and root come from
 * depends on the base. Usage: node scripts/iso/build.ts [--base debian|buildroot] [--work DIR] [--cache DIR]
 * [--output FILE]; needs dist/permafrost.
 */
import { buildWithBuildroot, checkInputs, packagesTaken } from './buildroot/build.ts';
import { say } from './command.ts';
import { fetchPackages } from './fetch.ts';
import { readFolders } from './folders.ts';
import { buildInitramfs } from './initramfs.ts';
import { readLock } from './lock-file.ts';
import { buildMedium } from './medium.ts';
import { buildRoot, packRoot } from './root.ts';
import { unpackBootAndTools } from './unpack.ts';

try {
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
} catch (error) {
  if (process.env['PERMAFROST_DEBUG'] !== undefined) throw error;
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
