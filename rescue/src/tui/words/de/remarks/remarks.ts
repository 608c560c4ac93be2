/** Was die Maschine zu Plänen, Platten und Aufträgen sagt. */
import type { RemarkCode } from '../../../../engine/index.ts';
import { boot } from './boot.ts';
import { contents } from './contents.ts';
import { jobs } from './jobs.ts';
import { newIds } from './new-ids.ts';
import { places } from './places.ts';
import { resizing } from './resizing.ts';
import { tables } from './tables.ts';

export const remarks = {
  remarks: { ...boot, ...contents, ...jobs, ...newIds, ...places, ...resizing, ...tables } satisfies Record<
    RemarkCode,
    string
  >,
};
