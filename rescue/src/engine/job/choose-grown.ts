/** Which partition is meant by the one that gets the free space of a larger target, and how its content follows. */
import { subReader } from '../base/block-reader.ts';
import { asIs, remark, type Remark, type Said, say } from '../base/remarks.ts';
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
): Promise<Chosen | { readonly problem: Said }> {
  if (grow === 'last') return chooseLast(input, parts, lengthOf);
  const named =
    typeof grow === 'number'
      ? parts.filter(({ number }) => number === grow)
      : parts.filter(({ number }) => namesOf(input, number).includes(grow));
  const [part, ...others] = named;
  if (part === undefined)
    return {
      problem: say('grow/no-partition', { name: typeof grow === 'number' ? String(grow) : `"${grow}"` }),
    };
  if (others.length > 0)
    return {
      problem: say('grow/ambiguous', {
        name: String(grow),
        list: named.map(({ number }) => number).join(', '),
      }),
    };
  const chosen = await growthTo(input, part, lengthOf(part));
  return 'problem' in chosen
    ? { problem: say('grow/not', { number: part.number, problem: chosen.problem.text }) }
    : chosen;
}

async function chooseLast(
  input: LayoutInput,
  parts: readonly LayoutPart[],
  lengthOf: LengthOf,
): Promise<Chosen | { readonly problem: Said }> {
  const reasons: string[] = [];
  for (const part of parts.toReversed()) {
    const { typeId } = input.table.partitions.find(({ number }) => number === part.number)!;
    const servant = servantReason(typeId);
    const chosen = servant === undefined ? await growthTo(input, part, lengthOf(part)) : undefined;
    if (chosen !== undefined && !('problem' in chosen)) return chosen;
    const place = say('place/partition', { number: part.number });
    reasons.unshift(say('about/said', { place, remark: chosen?.problem.text ?? servant! }));
  }
  return { problem: say('grow/none', { problem: asIs(reasons.join('; ')) }) };
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
