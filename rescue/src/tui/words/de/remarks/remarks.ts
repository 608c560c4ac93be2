/** Was die Maschine zu Plänen, Platten und Aufträgen sagt. */
import type { RemarkCode } from '../../../../engine/index.ts';
import { asked } from './asked.ts';
import { boot } from './boot.ts';
import { contents } from './contents.ts';
import { damage } from './damage.ts';
import { jobFiles } from './job-files.ts';
import { jobs } from './jobs.ts';
import { means } from './means.ts';
import { newIds } from './new-ids.ts';
import { places } from './places.ts';
import { remedies } from './remedies.ts';
import { resizing } from './resizing.ts';
import { tables } from './tables.ts';

export const remarks = {
  remarks: {
    ...asked,
    ...boot,
    ...contents,
    ...damage,
    ...jobFiles,
    ...jobs,
    ...means,
    ...newIds,
    ...places,
    ...remedies,
    ...resizing,
    ...tables,
  } satisfies Record<RemarkCode, string>,
};
