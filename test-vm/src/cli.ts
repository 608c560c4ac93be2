#!/usr/bin/env node
/** `permafrost-vm`: the bootable image in QEMU as one command of a pipeline. See docs/vm.md. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFiles } from './cli-files.ts';
import { parseCommandLine, usage, UsageError, type CliOptions } from './cli-options.ts';
import { resultOf, startJob, type JobResult } from './drive-job.ts';
import { EventLines } from './event-lines.ts';
import { Machine } from './machine.ts';
import { panicOf, whyNoResult, type Phase } from './no-result.ts';
import { findIso } from './places.ts';

/** As 125 of other tools that run something for somebody: it is not the job that failed. */
const NO_RESULT = 125;
const WRONG_USAGE = 2;
/** What has not started until then will not: emulated, on a busy machine, it takes two minutes. */
const START_LIMIT_SECONDS = 600;
const LOOK_EVERY_MS = 3000;
/** How far from the end of the serial log a crash is looked for. */
const MOST_LAST_WORDS = 64 * 1024;

const say = (text: string): void => void process.stderr.write(`permafrost-vm: ${text}\n`);

async function main(args: readonly string[]): Promise<number> {
  let options: CliOptions | undefined;
  try {
    options = parseCommandLine(args);
    if (options === undefined) {
      process.stdout.write(usage);
      return 0;
    }
    const iso = options.iso ?? (await findIso());
    const text = await checkFiles(options, iso);
    const folder = await mkdtemp(join(process.env['PERMAFROST_SCRATCH'] ?? '/var/tmp', 'permafrost-vm-'));
    try {
      return await runIn(folder, options, iso, text);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    const hint = options === undefined ? '; --help tells more' : '';
    say(`${error instanceof Error ? error.message : String(error)}${hint}`);
    return error instanceof UsageError ? WRONG_USAGE : NO_RESULT;
  }
}

async function runIn(folder: string, options: CliOptions, iso: string, text: string): Promise<number> {
  const machine = await Machine.start({
    iso,
    folder,
    firmware: options.firmware,
    medium: options.medium,
    memoryMB: options.memoryMB,
    network: options.network,
    disks: options.disks,
    // A job that ends with a restart ends here: it would be the image again that starts.
    more: ['-no-reboot'],
  });
  let stoppedBy: string | undefined;
  const stop = (signal: string): void => {
    stoppedBy = signal;
    void machine.powerCut();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  let phase: Phase = 'start';
  try {
    tell(machine, options.json);
    const secondsLeft = (): number =>
      Math.max(1, options.timeoutSeconds - (performance.now() - machine.startedAt) / 1000);
    const { seconds } = await unlessCrashed(
      machine,
      machine.ready(Math.min(secondsLeft(), START_LIMIT_SECONDS)),
    );
    say(`the machine has started, in ${seconds.toFixed(0)} s`);
    phase = 'result';
    await startJob(machine, text);
    const result = await unlessCrashed(machine, resultOf(machine.job, secondsLeft()));
    await takePicture(machine, options.screenshot);
    await comeToRest(machine, result).catch((error: unknown) =>
      say(`the job has ended, and then: ${(error as Error).message}`),
    );
    return result.exitCode;
  } catch (error) {
    if (stoppedBy !== undefined) throw new Error(`stopped by ${stoppedBy}`, { cause: error });
    await takePicture(machine, options.screenshot);
    const limit =
      phase === 'start' ? Math.min(options.timeoutSeconds, START_LIMIT_SECONDS) : options.timeoutSeconds;
    const lines = await whyNoResult(machine, phase, limit);
    throw new Error(lines.join('\n  '), { cause: error });
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    await machine.powerCut();
    if (options.serialLog !== undefined) await writeFile(options.serialLog, machine.serial.log);
  }
}

/** What `waited` resolves to; rejects soon after the guest's kernel has given up. */
async function unlessCrashed<T>(machine: Machine, waited: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const crash = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const words = panicOf(machine.serial.log.slice(-MOST_LAST_WORDS));
      if (words !== undefined) reject(new Error(words));
    }, LOOK_EVERY_MS);
  });
  return Promise.race([waited, crash]).finally(() => clearInterval(timer));
}

function tell(machine: Machine, json: boolean): void {
  const lines = new EventLines();
  machine.job.onEvent = (event) => {
    if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
    else for (const line of lines.of(event)) process.stdout.write(`${line}\n`);
  };
}

/** What the guest still has in its memory is on its disks afterwards. */
async function comeToRest(machine: Machine, result: JobResult): Promise<void> {
  if (result.end === 'stay') await machine.agent.run('sync');
  else await machine.switchedOff(60);
}

async function takePicture(machine: Machine, path: string | undefined): Promise<void> {
  if (path === undefined || !machine.isOn) return;
  await machine.photograph(path).catch((error: unknown) => say(`no picture: ${(error as Error).message}`));
}

process.exitCode = await main(process.argv.slice(2));
