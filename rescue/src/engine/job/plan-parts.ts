/** Pieces that plans of images and of restores share. */
import { native } from 'blockdev-native';
import type { ErrorReport } from '../base/errors.ts';
import { PermafrostError } from '../base/errors.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import type { ImagedPartition } from '../repository/manifest.ts';
import type { Plan } from './job.ts';

/** The table as manifests and plans keep it. */
export function describeTable(table: PartitionTable): {
  kind: string;
  diskId?: string;
  partitions: ImagedPartition[];
} {
  const partitions = table.partitions.map(
    ({ number, start, length, typeId, typeName, name, partitionId }) => ({
      number,
      start,
      length,
      typeId,
      typeName,
      ...(name === undefined || name === '' ? {} : { name }),
      ...(partitionId === undefined ? {} : { partitionId }),
    }),
  );
  const diskId = 'diskId' in table ? { diskId: table.diskId } : {};
  return { kind: table.kind, ...diskId, partitions };
}

/** The plan with its digest: BLAKE3 over all that was decided and `extra` that is too long to be in it. */
export function sealPlan(plan: Omit<Plan, 'digest'>, extra: readonly Uint8Array[] = []): Plan {
  const hasher = native.createHasher();
  // Free space changes while people read: it decides nothing.
  hasher.update(Buffer.from(JSON.stringify({ ...plan, freeBytes: undefined })));
  for (const bytes of extra) hasher.update(bytes);
  return { ...plan, digest: hasher.digest().toString('hex').slice(0, 32) };
}

/** Throws `plan/refused` with all reasons, or the only one itself. */
export function throwIfRefused(
  refusals: readonly ErrorReport[],
  originals: readonly PermafrostError[],
): void {
  if (refusals.length === 0) return;
  if (originals.length === 1 && refusals.length === 1) throw originals[0]!;
  throw new PermafrostError('plan/refused', { refusals });
}

/** Throws `plan/changed` if something else was confirmed. */
export function checkConfirmed(plan: Plan, confirmed: string | undefined): void {
  if (confirmed !== undefined && confirmed !== plan.digest)
    throw new PermafrostError('plan/changed', {
      expected: confirmed.slice(0, 12),
      actual: plan.digest.slice(0, 12),
    });
}
