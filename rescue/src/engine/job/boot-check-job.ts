/** Checking whether what is installed on a disk starts: as a job of its own, and at the end of those that write disks. */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, errorWords } from '../base/errors.ts';
import { openSource } from '../device/device.ts';
import { readFirmware } from '../device/firmware.ts';
import { describeIdentity, tableSectorSize, type DiskIdentity } from '../device/identity.ts';
import type { BootCheck } from '../boot/boot-check.ts';
import { checkBoot } from '../boot/check-boot.ts';
import { referenceKey, type Elsewhere } from '../boot/volumes.ts';
import type { CheckedDisk, Report } from './job-report.ts';
import type { BootCheckJob } from './job.ts';
import type { Plan } from './plan.ts';
import { describeDisks } from './list-disks.ts';
import { sealPlan } from './plan-parts.ts';
import { ProgressMeter } from './progress.ts';
import { ReportBuilder } from './report.ts';
import type { RunOptions } from './run-options.ts';
import { type Said, say } from '../base/remarks.ts';

/** What `job` would do: it only reads. Throws what makes it impossible. */
export async function planBootCheck(job: BootCheckJob): Promise<Plan> {
  const disk = await openSource(job.target, { shared: true });
  try {
    return sealPlan({
      job,
      summary: `Check whether what is installed on ${describeIdentity(disk.identity)} starts.`,
      disks: [],
      readBytes: 0,
      writeBytes: 0,
      warnings: [],
      refusals: [],
    });
  } finally {
    await disk.close();
  }
}

/** Runs `job` to its report, which does not verify if a system does not start. Nothing is mounted or written. */
export async function runBootCheck(job: BootCheckJob, options: RunOptions = {}): Promise<Report> {
  const meter = new ProgressMeter(options);
  const report = new ReportBuilder(job, meter);
  return report.finish(async () => {
    meter.begin('inspecting');
    const plan = await planBootCheck(job);
    report.plan(plan.digest);
    options.onPlan?.(plan);
    const disk = await openSource(job.target, { shared: true });
    try {
      const { identity } = disk;
      meter.subject(identity.path);
      report.disk(1, identity);
      const check = await checkBoot(disk.reader, {
        firmware: await readFirmware(),
        elsewhere: await readElsewhere(identity, options.signal),
        isFile: identity.kind === 'file',
        ...(job.sectorSize === undefined ? {} : { sectorSize: job.sectorSize }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      report.boot([{ number: 1, identity, check }]);
      for (const { name, place, starts } of check.systems)
        if (starts === 'no')
          report.problem(say('start/not-from', { system: name, place, path: identity.path }));
    } finally {
      await disk.close();
    }
  });
}

/**
 * Checks a disk that was just written; what goes wrong with the check is a sentence, and never a failure of what was
 * written. Throws only `job/cancelled` and bugs.
 */
export async function checkWritten(
  reader: BlockReader,
  identity: DiskIdentity,
  sectorSize: number,
  signal?: AbortSignal,
): Promise<BootCheck | Said> {
  try {
    return await checkBoot(reader, {
      firmware: await readFirmware(),
      // Tables are made anew for a device whose sectors are others than the source's.
      sectorSize: tableSectorSize(identity, sectorSize),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (!isPermafrostError(error) || error.code === 'job/cancelled') throw error;
    return say('start/not-checked', { path: identity.path, problem: errorWords(error) });
  }
}

/** The warnings that a check of `disk` gives rise to. */
export function bootWarnings({ identity, check }: CheckedDisk): Said[] {
  return check.systems
    .filter(({ starts }) => starts === 'no')
    .map(({ name, place }) => say('start/not-as-it-is', { system: name, place, path: identity.path }));
}

/** What the other disks of the machine have. */
async function readElsewhere(own: DiskIdentity, signal: AbortSignal | undefined): Promise<Elsewhere> {
  const found = new Map<string, string>();
  for (const { disk, regions } of await describeDisks(signal)) {
    if (disk.path === own.path || disk.deviceNumber === own.deviceNumber) continue;
    for (const { fileSystem } of regions) {
      if (fileSystem.uuid !== undefined)
        found.set(referenceKey({ kind: 'uuid', value: fileSystem.uuid }), disk.path);
      if (fileSystem.label !== undefined)
        found.set(referenceKey({ kind: 'label', value: fileSystem.label }), disk.path);
    }
  }
  return found;
}
