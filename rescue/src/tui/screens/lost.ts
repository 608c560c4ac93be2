/** What a job overwrites on a disk: shown in red, before anybody is asked. */
import type { DiskPlan, Plan } from '../../engine/index.ts';
import type { FlowState } from '../flow/state.ts';
import type { Block } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { contentName, regionName } from './disk-words.ts';
import { said } from './problem-words.ts';

export function lostBlocks(disk: DiskPlan, plan: Plan, state: FlowState, words: Words): Block[] {
  const planned = disk.destroys ?? [];
  const lines = listedLines(disk, plan, state, words) ?? planned.map((line) => said(line, words));
  return [
    text(words.plan.destroys, 'danger'),
    ...(planned.length > 0 ? lines : [words.plan.nothingThere]).map((line) => text(line, 'danger', 2)),
  ];
}

/** The same in this language and with sizes for people, where the list of disks knows exactly what the plan found. */
function listedLines(
  { identity, destroys }: DiskPlan,
  { job }: Plan,
  { disks }: FlowState,
  words: Words,
): string[] | undefined {
  const listed = disks?.find(
    ({ disk: { path, serial, diskSequence = identity.diskSequence } }) =>
      path === identity.path &&
      serial === identity.serial &&
      diskSequence === (identity.diskSequence ?? diskSequence),
  );
  if (listed === undefined || (job.kind === 'restore' && job.partitions !== undefined)) return undefined;
  const lines = listed.regions.flatMap((region) => {
    const { kind, label } = region.fileSystem;
    const isWhole = region.partitions.length === 0;
    if (kind === 'empty' || (kind === 'unknown' && isWhole)) return [];
    const named = label === undefined ? '' : ` "${label}"`;
    const who = regionName({ ...region, kind: isWhole ? 'whole' : 'partition' }, words);
    return [`${who}: ${contentName(kind, words)}${named}, ${words.format.bytes(region.length)}`];
  });
  return lines.length === destroys?.length ? lines : undefined;
}
