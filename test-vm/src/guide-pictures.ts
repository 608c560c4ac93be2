/** The pictures of the guide: what they are called, and where they are kept. */
import { join } from 'node:path';
import { projectFolder } from './places.ts';

export const pictureFolder = join(projectFolder, 'docs/guide');

/** In the order in which the guide shows them. */
export const pictureNames = [
  'home',
  'sources',
  'place',
  'plan',
  'running',
  'done',
  'images',
  'target',
  'restore-plan',
  'confirm',
  'restored',
  'boots',
] as const;
export type PictureName = (typeof pictureNames)[number];

/** What one of them may take: they are kept in the repository. */
export const mostPictureBytes = 24 * 1024;
