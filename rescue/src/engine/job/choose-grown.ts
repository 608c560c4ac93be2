/** Which partition is meant by the one that gets the free space of a larger target, and how its content follows. */
import { subReader } from '../base/block-reader.ts';
import { remark, type Remark } from '../base/remarks.ts';
import { fatResizeProblem } from '../filesystem/fat/resize-fat.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import type { LayoutPart } from '../partition/plan-layout.ts';
import { growability, servantReason, type Growability } from './growable.ts';
import type { Grow } from './job.ts';
import type { LayoutInput } from './plan-layout.ts';

/** The length in bytes that a partition would get. */
type LengthOf = (part: LayoutPart) => number;

/** The partition that gets what is free, and how its content follows. */
export interface Chosen {
  readonly part: LayoutPart;
  readonly kind: FileSystemKind;
  readonly growth: Exclude<Growability, { problem: Remark }>;
}

/** The partition that `grow` means, or why there is none. Throws what reading the source throws. */
export async function chooseGrown(
  grow: Grow,
  input: LayoutInput,
  parts: readonly LayoutPart[],
  lengthOf: LengthOf,
): Promise<Chosen | { readonly problem: string }> {
  if (grow === 'last') return chooseLast(input, parts, lengthOf);
  const named =
    typeof grow === 'number'
      ? parts.filter(({ number }) => number === grow)
      : parts.filter(({ number }) => namesOf(input, number).includes(grow));
  const [part, ...others] = named;
  if (part === undefined)
    return { problem: `there is no partition ${typeof grow === 'number' ? grow : `"${grow}"`} to grow` };
  if (others.length > 0)
    return {
      problem: `"${grow}" could mean partition ${named.map(({ number }) => number).join(' or ')}: name it by its number`,
    };
  const chosen = await growthTo(input, part, lengthOf(part));
  return 'problem' in chosen
    ? { problem: `partition ${part.number} cannot be grown: ${chosen.problem.text}` }
    : chosen;
}

async function chooseLast(
  input: LayoutInput,
  parts: readonly LayoutPart[],
  lengthOf: LengthOf,
): Promise<Chosen | { readonly problem: string }> {
  const reasons: string[] = [];
  for (const part of parts.toReversed()) {
    const { typeId } = input.table.partitions.find(({ number }) => number === part.number)!;
    const servant = servantReason(typeId);
    const chosen = servant === undefined ? await growthTo(input, part, lengthOf(part)) : undefined;
    if (chosen !== undefined && !('problem' in chosen)) return chosen;
    reasons.unshift(`partition ${part.number}: ${chosen?.problem.text ?? `is ${servant!}`}`);
  }
  return { problem: `no partition can be grown (${reasons.join('; ')})` };
}

/** How the content of `part` follows when it gets `length` bytes, or why it cannot. Throws what reading it throws. */
export async function growthTo(
  { reader, regions }: LayoutInput,
  part: LayoutPart,
  length: number,
): Promise<Chosen | { readonly problem: Remark }> {
  const info = regions.find(({ region }) => region.partitions.includes(part.number))?.fileSystem;
  const growth = growability(info);
  if ('problem' in growth) return growth;
  const { kind } = info!;
  if (kind.startsWith('fat') && length > part.length) {
    const view = subReader(reader, part.start, part.length, `${reader.name} partition ${part.number}`);
    const problem = await fatResizeProblem(view, length);
    if (problem !== undefined) return { problem: remark('resize/failed', { problem }) };
  }
  return { part, kind, growth };
}

/** GPT name and file-system label. */
function namesOf({ table, regions }: LayoutInput, number: number): (string | undefined)[] {
  const { name } = table.partitions.find((partition) => partition.number === number)!;
  return [name, regions.find(({ region }) => region.partitions.includes(number))?.fileSystem?.label];
}
