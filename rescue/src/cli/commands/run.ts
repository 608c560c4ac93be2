/** `permafrost run`: carries out a job file with nobody there, after a countdown in which it can be stopped. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, PermafrostError, type Job } from '../../engine/index.ts';
import { flag, onlyArgument, usageError, type Command } from '../command.ts';
import type { Output } from '../output.ts';
import { planLines } from '../plan-lines.ts';
import { exitCodeOf, finishReport } from '../report-lines.ts';

export const runCommand: Command = {
  name: 'run',
  usage: 'JOBFILE [--dry-run]',
  summary: 'carry out a job file (YAML) with nobody there',
  options: { 'dry-run': { type: 'boolean' } },
  help: { 'dry-run': 'check the file and find its disks, and do nothing' },
  async run({ values, positionals, output, signal }) {
    // Loaded here: no other command needs the parser of YAML.
    const { parseJobFile } = await import('../../unattended/job-file.ts');
    const { runJobFile } = await import('../../unattended/run-job-file.ts');
    const path = onlyArgument(positionals, 'JOBFILE');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw usageError(`${path} cannot be read: ${(error as Error).message}`);
    });
    const file = parseJobFile(text, path);
    const dry = flag(values, 'dry-run');
    let shown = 0;
    try {
      const result = await runJobFile(file, {
        signal,
        onProgress: (progress) => output.progress(progress),
        onPlan: (plan) => {
          output.emit('plan', plan);
          output.print('', `Step ${++shown} of ${file.steps.length}`, ...planLines(plan, output.width));
        },
        onReady: async (jobs, seconds) => {
          output.emit('job', { id: file.id, jobs, countdownSeconds: seconds });
          output.print(`Job "${file.id}"`, ...jobs.map((job, i) => `  ${i + 1}. ${describe(job)}`));
          if (dry) throw new DryRun();
          await countDown(seconds, output, signal);
        },
        onReport: (report) => {
          finishReport(report, output);
        },
      });
      output.emit('result', { id: file.id, outcome: result.outcome, recordPath: result.recordPath });
      output.say(`Job "${file.id}": ${result.outcome}. The report is ${result.recordPath}.`);
      return exitCodeOf[result.outcome];
    } catch (error) {
      if (error instanceof DryRun) return exitCodes.done;
      throw error;
    }
  },
};

/** Ends a job file after its disks were found. */
class DryRun extends Error {}

function describe(job: Job): string {
  switch (job.kind) {
    case 'image':
      return `save an image of ${job.sources.join(', ')}`;
    case 'restore':
      return `OVERWRITE ${job.targets.map(({ target }) => target).join(', ')} with image ${job.image}`;
    case 'verify':
      return `check ${job.image ?? 'all images'}`;
  }
}

async function countDown(seconds: number, output: Output, signal: AbortSignal): Promise<void> {
  if (seconds > 0) output.say(`It begins in ${seconds} second${seconds === 1 ? '' : 's'}. Ctrl-C stops it.`);
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch {
    throw new PermafrostError('job/cancelled', { kept: 'Nothing was written.' });
  }
}
