/** `make lock`: pins the newest packages of the suite. Usage: node scripts/iso/lock.ts [--work DIR] */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openArchive } from './apt.ts';
import { say } from './command.ts';
import { readFolders } from './folders.ts';
import { formatLock, lockPath, parseLock } from './lock-file.ts';
import { suite } from './packages.ts';
import { resolvePackages } from './resolve.ts';

const folders = readFolders();
const text = formatLock(resolvePackages(openArchive(suite, folders.work)));
const { packages } = parseLock(text);
const before = existsSync(lockPath) ? readFileSync(lockPath, 'utf8') : '';
writeFileSync(lockPath, text);
const sizeBytes = packages.reduce((sum, entry) => sum + entry.sizeBytes, 0);
const state = before === text ? 'unchanged' : 'written';
say(`debian.lock.json ${state}: ${packages.length} packages, ${Math.round(sizeBytes / 1e6)} MB`);
