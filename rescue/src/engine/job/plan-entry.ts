/** The boot entry of a disk that gets identifiers of its own, or keeps those of its source. */
import type { BlockReader } from '../base/block-reader.ts';
import { planBootEntry, type BootEntryPlan } from '../boot/boot-entry.ts';
import type { NewIdsPlan } from '../boot/new-ids.ts';
import { readFirmware } from '../device/firmware.ts';

/** As {@link planBootEntry}, for what `source` has; with `newIds` no entry of the machine can lead to it yet. */
export async function planEntry(
  source: BlockReader,
  sectorSize: number,
  newIds: NewIdsPlan | undefined,
): Promise<BootEntryPlan | undefined> {
  const firmware = await readFirmware();
  const plan = await planBootEntry(source, firmware, { sectorSize });
  const isRenewed = newIds?.renewed.some(
    ({ what, partition }) => what === 'partition' && partition === plan?.partition,
  );
  return isRenewed === true ? planBootEntry(source, { ...firmware, entries: [] }, { sectorSize }) : plan;
}

/** The plan for the disk once `renewed` has replaced its identifiers. */
export function entryFor(plan: BootEntryPlan, renewed: ReadonlyMap<string, string>): BootEntryPlan {
  const partitionId = renewed.get(plan.partitionId) ?? plan.partitionId;
  return { ...plan, partitionId };
}
