/** Where jobs run: in the runner of the rescue environment where there is one, else in this process. */
import type { JobHost } from '../../runner/job-host.ts';
import { LocalHost } from '../../runner/local-host.ts';

export function openHost(): Promise<JobHost> {
  return Promise.resolve(new LocalHost());
}
