/** The id of a medium: the first 32 digits of the SHA-256 of its root. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Folders } from './folders.ts';

export const rootImagePath = (folders: Folders): string => join(folders.work, 'root.squashfs');

export function readMediumId(folders: Folders): string {
  return createHash('sha256')
    .update(readFileSync(rootImagePath(folders)))
    .digest('hex')
    .slice(0, 32);
}
