/** Passes on what a host says, no more often than a console can draw it: of progress only the newest counts. */
import type { HostState, JobHost } from '../../runner/job-host.ts';

/** Calls `onState` with the state now, and after changes; progress at most every `intervalMs`. The result ends that. */
export function feedHost(host: JobHost, intervalMs: number, onState: (state: HostState) => void): () => void {
  let shown = host.state;
  let lastMs = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  const show = (): void => {
    clearTimeout(timer);
    timer = undefined;
    lastMs = performance.now();
    shown = host.state;
    onState(shown);
  };
  const unsubscribe = host.subscribe((state) => {
    const waitMs = isProgress(shown, state) ? lastMs + intervalMs - performance.now() : 0;
    if (waitMs <= 0) show();
    else timer ??= setTimeout(show, waitMs);
  });
  show();
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}

/** Whether nothing but the progress of one phase of one job has changed. */
function isProgress(before: HostState, now: HostState): boolean {
  return (
    before.kind === 'running' &&
    now.kind === 'running' &&
    before.run.id === now.run.id &&
    before.paused === now.paused &&
    before.cancelling === now.cancelling &&
    before.waiting === now.waiting &&
    before.plan?.digest === now.plan?.digest &&
    before.progress?.phase === now.progress?.phase
  );
}
