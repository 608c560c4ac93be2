/** What is on a target now and will be lost, in words for the person who must confirm it. */
import { subReader } from '../base/block-reader.ts';
import { isPermafrostError, errorWords } from '../base/errors.ts';
import type { OpenDisk } from '../device/device.ts';
import { identifyRegion } from '../filesystem/probe-region.ts';
import { layoutRegions } from '../partition/layout.ts';
import { readTable } from '../partition/table.ts';
import type { PlannedTarget } from './restore-plan.ts';
import type { RunOptions } from './run-options.ts';
import { say } from '../base/remarks.ts';

/** One line for each partition (or file system) that will be overwritten; none if nothing is recognised. */
export async function describeContents(
  disk: OpenDisk,
  { whole, regions }: Pick<PlannedTarget, 'whole' | 'regions'>,
  { signal }: Pick<RunOptions, 'signal'>,
): Promise<string[]> {
  const lines: string[] = [];
  try {
    const table = await readTable(disk.reader, { isFile: disk.identity.kind === 'file' });
    for (const region of layoutRegions(table, disk.reader.sizeBytes)) {
      if (region.kind !== 'partition' && region.kind !== 'whole') continue;
      if (!whole && !regions.some(({ to }) => to.start === region.start)) continue;
      const view = subReader(disk.reader, region.start, region.length, `${disk.reader.name} ${region.name}`);
      const { kind, label, uuid } = await identifyRegion(view, signal);
      if (kind === 'empty' || (kind === 'unknown' && region.kind === 'whole')) continue;
      const what = { place: region.name, content: kind, lengthBytes: region.length };
      if (label !== undefined && label !== '') lines.push(say('lost/named', { ...what, name: label }));
      else
        lines.push(
          uuid === undefined ? say('lost/unnamed', what) : say('lost/with-id', { ...what, id: uuid }),
        );
    }
  } catch (error) {
    // A failing target is found out by writing to it; here it only cannot be described.
    if (!isPermafrostError(error) || error.code === 'job/cancelled') throw error;
    lines.push(say('lost/unreadable', { problem: errorWords(error) }));
  }
  return lines;
}
