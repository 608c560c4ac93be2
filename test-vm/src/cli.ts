#!/usr/bin/env node
/** `permafrost-vm`: the bootable image in QEMU as one command of a pipeline. See docs/vm.md. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCommandLine, usage, UsageError, type CliOptions } from './cli-options.ts';
import { resultOf, startJob, type JobResult } from './drive-job.ts';
import { EventLines } from './event-lines.ts';
import { Machine } from './machine.ts';
import { findIso } from './places.ts';

/** As 125 of other tools that run something for somebody: it is not the job that failed. */
const NO_RESULT = 125;
const WRONG_USAGE = 2;

const say = (text: string): void => void process.stderr.write(`permafrost-vm: ${text}\n`);

async function main(args: readonly string[]): Promise<number> {
  let options: CliOptions | undefined;
  try {
    options = parseCommandLine(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message}; --help tells more`);
    return WRONG_USAGE;
  }
  if (options === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const folder = await mkdtemp(join(process.env['PERMAFROST_SCRATCH'] ?? '/var/tmp', 'permafrost-vm-'));
  try {
    return await runIn(folder, options);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return NO_RESULT;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runIn(folder: string, options: CliOptions): Promise<number> {
  const text = await readFile(options.jobPath, 'utf8');
  for (const { path } of options.disks) await stat(path);
  const machine = await Machine.start({
    iso: options.iso ?? (await findIso()),
    folder,
    firmware: options.firmware,
    medium: options.medium,
    memoryMB: options.memoryMB,
    network: options.network,
    disks: options.disks,
    // A job that ends with a restart ends here: it would be the image again that starts.
    more: ['-no-reboot'],
  });
  const stop = (): void => void machine.powerCut();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    tell(machine, options.json);
    const secondsLeft = (): number =>
      Math.max(1, options.timeoutSeconds - (performance.now() - machine.startedAt) / 1000);
    const { seconds } = await machine.ready(secondsLeft());
    if (!options.json) say(`the machine has started, in ${seconds.toFixed(0)} s`);
    await startJob(machine, text);
    const result = await resultOf(machine.job, secondsLeft());
    await takePicture(machine, options.screenshot);
    await comeToRest(machine, result);
    return result.exitCode;
  } catch (error) {
    await takePicture(machine, options.screenshot);
    throw error;
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    await machine.powerCut();
    if (options.serialLog !== undefined) await writeFile(options.serialLog, machine.serial.log);
  }
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
  if (path === undefined) return;
  await machine.photograph(path).catch((error: unknown) => say(`no picture: ${(error as Error).message}`));
}

process.exitCode = await main(process.argv.slice(2));
