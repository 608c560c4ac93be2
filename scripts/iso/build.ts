/**
 * Builds the bootable image on the `debian` base, step by step; each step can also be run alone.
 * Usage: node scripts/iso/build.ts [--work DIR] [--cache DIR] [--output FILE]; needs dist/permafrost.
 */
import { say } from './command.ts';
import { fetchPackages } from './fetch.ts';
import { readFolders } from './folders.ts';
import { buildInitramfs } from './initramfs.ts';
import { readLock } from './lock-file.ts';
import { buildMedium } from './medium.ts';
import { buildRoot, packRoot } from './root.ts';
import { unpackBootAndTools } from './unpack.ts';

const folders = readFolders();
try {
  fetchPackages(folders, readLock());
  unpackBootAndTools(folders);
  buildRoot(folders);
  packRoot(folders);
  buildInitramfs(folders);
  buildMedium(folders);
} catch (error) {
  if (process.env['PERMAFROST_DEBUG'] !== undefined) throw error;
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
