/** Planning and running a job of any kind. */
import { planBootCheck, runBootCheck } from './boot-check-job.ts';
import { planClone } from './clone-plan.ts';
import { runClone } from './clone.ts';
import { planImage } from './image-plan.ts';
import { runImage } from './image.ts';
import type { Report } from './job-report.ts';
import type { Job } from './job.ts';
import type { Plan } from './plan.ts';
import { planRestore, runRestore } from './restore.ts';
import type { RunOptions } from './run-options.ts';
import { planVerify } from './verify-plan.ts';
import { runVerify } from './verify.ts';

/** What `job` would do. Writes nothing. */
export function planJob(job: Job, signal?: AbortSignal): Promise<Plan> {
  const options = signal === undefined ? {} : { signal };
  switch (job.kind) {
    case 'image':
      return planImage(job, options);
    case 'restore':
      return planRestore(job, options);
    case 'clone':
      return planClone(job, options);
    case 'verify':
      return planVerify(job);
    case 'bootcheck':
      return planBootCheck(job);
  }
}

/** Does it. Throws and reports as the function of its kind. */
export function runJob(job: Job, options: RunOptions): Promise<Report> {
  switch (job.kind) {
    case 'image':
      return runImage(job, options);
    case 'restore':
      return runRestore(job, options);
    case 'clone':
      return runClone(job, options);
    case 'verify':
      return runVerify(job, options);
    case 'bootcheck':
      return runBootCheck(job, options);
  }
}
