/** `inspect`: one disk as a plan describes it, whoever may be using it. Nothing is written. */
import { openSource } from '../device/device.ts';
import { describeDisk } from './image-plan.ts';
import { inspectDisk } from './inspect-disk.ts';
import type { DiskPlan } from './plan.ts';

export interface InspectSourceOptions {
  /** Logical sector size in bytes, whatever the disk says. */
  readonly sectorSize?: number;
  /** Add every used extent to every region. */
  readonly ranges?: boolean;
  readonly signal?: AbortSignal;
}

/** Throws `device/…` errors; what cannot be understood on the disk is part of the answer. */
export async function inspectSource(path: string, options: InspectSourceOptions = {}): Promise<DiskPlan> {
  const { sectorSize, signal, ranges } = options;
  const disk = await openSource(path, { shared: true });
  try {
    const inspected = await inspectDisk(disk.reader, {
      isFile: disk.identity.kind === 'file',
      ...(sectorSize === undefined ? {} : { sectorSize }),
      ...(signal === undefined ? {} : { signal }),
    });
    const plan = describeDisk(1, disk, inspected);
    if (ranges !== true) return plan;
    const regions = plan.regions.map((region, i) => ({
      ...region,
      used: inspected.regions[i]!.used.toPairs(),
    }));
    return { ...plan, regions };
  } finally {
    await disk.close();
  }
}
