/** Tells the reader of the demo what a machine does, from the events that come through its virtual serial port. */
import type { JobFileEvent } from '../rescue/src/unattended/job-events.ts';
import type { Machine } from '../test-vm/src/machine.ts';
import { MB } from './demo-show.ts';

/** How often progress is told. */
const everySeconds = 5;

/**
 * Tells each event as it comes. Returns a function that says, when the machine is off, why its job has not gone well;
 * undefined if it has.
 */
export function tellEvents(machine: Machine): () => string | undefined {
  let problem: string | undefined = 'the job has not come to its end';
  let toldAt = 0;
  const tell = (text: string): void => {
    const seconds = ((performance.now() - machine.startedAt) / 1000).toFixed(0);
    console.log(`   ${seconds.padStart(4)} s  ${text}`);
  };
  const onEvent = (event: JobFileEvent): void => {
    switch (event.type) {
      case 'job':
        tell(`it has found the job "${event.id}", and the images in ${event.repository}`);
        if (event.countdownSeconds > 0)
          tell(`in ${event.countdownSeconds} s it overwrites ${event.overwrites.join(', ')}`);
        break;
      case 'step':
        tell(`step ${event.step} of ${event.steps}: ${event.job.kind}`);
        break;
      case 'progress': {
        if (performance.now() - toldAt < everySeconds * 1000) break;
        toldAt = performance.now();
        const total = event.totalBytes === undefined ? '' : ` of ${MB(event.totalBytes)}`;
        tell(`  ${event.phase}: ${MB(event.doneBytes)}${total}, ${MB(event.bytesPerSecond)}/s`);
        break;
      }
      case 'waiting':
        if (event.what !== undefined) tell(`it waits: ${event.what}`);
        break;
      case 'note':
        tell(event.note);
        break;
      case 'report':
        tell(`${event.job.kind}: ${event.outcome}, in ${event.seconds.toFixed(0)} s`);
        break;
      case 'result':
        tell(`the job "${event.id}" has ended: ${event.outcome}`);
        problem = event.outcome === 'done' ? undefined : `the job ended: ${event.outcome}`;
        if (event.error !== undefined) problem = `the job ended: ${event.error.message} ${event.error.hint}`;
        break;
      case 'plan':
        break;
    }
  };
  for (const event of machine.job.events) onEvent(event as unknown as JobFileEvent);
  machine.job.onEvent = (event) => onEvent(event as unknown as JobFileEvent);
  return () => problem;
}
