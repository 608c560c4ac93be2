/** `make lock`: pins the newest packages of the release, its updates and security fixes. Usage: node scripts/iso/lock.ts [--work DIR] */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openArchive } from './apt.ts';
import { say } from './command.ts';
import { readFolders } from './folders.ts';
import { formatLock, lockPath, parseLock } from './lock-file.ts';
import { isSecurity } from './mirror.ts';
import { suite } from './packages.ts';
import { resolvePackages } from './resolve.ts';

const folders = readFolders();
const newest = resolvePackages(openArchive(suite, folders.work));
const before = existsSync(lockPath) ? readFileSync(lockPath, 'utf8') : '';
let text = formatLock(newest);
try {
  // An index that was published anew with the same packages in it changes nothing in the image, dates included.
  const { sourceDateEpoch } = parseLock(before);
  const same = formatLock({ ...newest, sourceDateEpoch });
  if (same === before) text = before;
} catch {
  // There is none yet, or one of another form.
}
writeFileSync(lockPath, text);
const { packages } = parseLock(text);
const sizeBytes = packages.reduce((sum, entry) => sum + entry.sizeBytes, 0);
const fixes = packages.filter((entry) => isSecurity(entry.suite)).length;
const state = before === text ? 'unchanged' : 'written';
say(
  `debian.lock.json ${state}: ${packages.length} packages, ${fixes} of them security fixes, ${Math.round(sizeBytes / 1e6)} MB`,
);
