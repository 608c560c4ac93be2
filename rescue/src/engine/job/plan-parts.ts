/** Pieces that plans of images and of restores share. */
import { native } from 'blockdev-native';
import type { ErrorReport } from '../base/errors.ts';
import { PermafrostError } from '../base/errors.ts';
import { describeLimit, limitsOf } from '../device/disk-limits.ts';
import type { DiskIdentity } from '../device/identity.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import type { ImagedPartition } from '../repository/manifest.ts';
import type { DiskPlan, Plan } from './plan.ts';
import type { RunOptions } from './run-options.ts';
import { type Said, say } from '../base/remarks.ts';

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
  const { source, disks } = plan;
  const decided = {
    ...plan,
    freeBytes: undefined,
    disks: disks.map(withoutLimits),
    ...(source === undefined ? {} : { source: withoutLimits(source) }),
  };
  hasher.update(Buffer.from(JSON.stringify(decided)));
  for (const bytes of extra) hasher.update(bytes);
  return { ...plan, digest: hasher.digest().toString('hex').slice(0, 32) };
}

function withoutLimits(disk: DiskPlan): object {
  return { ...disk, limits: undefined };
}

/** The limits of the disk `identity`, as its plan has them. Throws `job/cancelled`. */
export async function planLimits(
  identity: DiskIdentity,
  { signal }: Pick<RunOptions, 'signal'>,
): Promise<Pick<DiskPlan, 'limits'>> {
  const limits = await limitsOf(identity, signal === undefined ? {} : { signal });
  return limits.length === 0 ? {} : { limits };
}

/** What a report says of the disks of a plan: their limits, as sentences. */
export function limitWarnings({ source, disks }: Pick<Plan, 'source' | 'disks'>): Said[] {
  return [...(source === undefined ? [] : [source]), ...disks].flatMap(({ identity, limits = [] }) =>
    limits.map((limit) => say('about/said', { place: identity.path, remark: describeLimit(limit) })),
  );
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
