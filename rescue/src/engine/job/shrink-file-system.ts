/**
 * Makes a file system smaller without a byte of it being changed: on an overlay, with the tool that its makers give
 * out. What has become different there is laid over what is written to the target, and read back with it. All of it is
 * done before the target is touched, so that whatever fails has cost nothing.
 */
import { say } from '../base/remarks.ts';
import { subReader, type BlockReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import type { Extents } from '../base/extents.ts';
import { hasFuse } from '../device/fuse-file.ts';
import { Overlay } from '../device/overlay.ts';
import { resizeFat } from '../filesystem/fat/resize-fat.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import { hiddenSectorPatches } from '../filesystem/hidden-sectors.ts';
import { probeRegion } from '../filesystem/probe-region.ts';
import { runStep, withLoop, type StepEnd } from './file-system-tools.ts';
import type { ShrinkPlan } from './plan.ts';
import type { Shrinking } from './plan-shrink.ts';
import { withBtrfs } from './shrinkable.ts';
import { shrinkSwap } from './shrink-swap.ts';

/** What a region is on a target where that differs from the source. */
export interface RegionChanges {
  /** From the start of the region. */
  readonly changed: Extents;
  /** Lays over `bytes`, which lie at `offset` of the region, what is changed there. */
  apply(bytes: Uint8Array, offset: number): Promise<void>;
}

/** A region that was made smaller. The caller closes it. */
export interface ShrunkRegion extends RegionChanges {
  close(): Promise<void>;
}

interface ShrinkInput {
  readonly shrinking: Shrinking;
  /** The folder for the scratch file. */
  readonly scratch: string;
  /** The target's path, for people. */
  readonly device: string;
  readonly signal?: AbortSignal;
}

/**
 * Throws `layout/not-shrunk` where the tool or its check failed, `layout/no-scratch`, `layout/no-overlay`, and
 * `job/cancelled`.
 */
async function shrinkRegion(input: ShrinkInput): Promise<ShrunkRegion> {
  const { shrinking, scratch } = input;
  const { view } = shrinking;
  const copied = (await hasFuse()) ? undefined : await shrinking.kept();
  const overlay = await Overlay.create(view, scratch, copied);
  try {
    await resize(overlay, input);
    const { length } = shrinking.to;
    // As the target will have it: nothing may rely upon what lies behind its end.
    const small = subReader(overlay, 0, length, view.name);
    for (const { offset, bytes } of await hiddenSectorPatches(small, shrinking))
      await overlay.write(offset, bytes);
    if (shrinking.kind === 'ntfs') await copyBootSector(overlay, length);
    await check(overlay, input);
    const used = await usedOf(small, input);
    // What the file system has begun to use, the source may have had as unused, whatever was there.
    const kept = await shrinking.kept();
    const missing = used.complement(length).union(kept).complement(length);
    for (let i = 0; i < missing.count; i++) await overlay.keep(missing.start(i), missing.length(i));
    return changesOf(overlay, overlay.changed().slice(0, length));
  } catch (error) {
    await overlay.close();
    throw error;
  }
}

function changesOf(overlay: Overlay, changed: Extents): ShrunkRegion {
  return {
    changed,
    async apply(bytes, offset) {
      const parts = changed.slice(offset, bytes.length);
      for (let i = 0; i < parts.count; i++)
        bytes.set(await overlay.read(parts.start(i), parts.length(i)), parts.start(i) - offset);
    },
    close: () => overlay.close(),
  };
}

async function resize(overlay: Overlay, input: ShrinkInput): Promise<void> {
  const { shrinking, signal } = input;
  const { kind, to } = shrinking;
  if (kind === 'swap') {
    const problem = await shrinkSwap(overlay, to.length);
    if (problem !== undefined) throwIfFailed({ problem }, input);
    return;
  }
  if (kind.startsWith('fat')) {
    const problem = await resizeFat(overlay, to.length);
    if (problem !== undefined) throwIfFailed({ problem }, input);
    return;
  }
  await overlay.withFile(overlay.sizeBytes, async (path) => {
    if (kind === 'btrfs') {
      const args = ['filesystem', 'resize', String(to.length)];
      const end = await withBtrfs(path, (folder) =>
        runStep({ program: 'btrfs', args: [...args, folder] }, signal),
      );
      throwIfFailed(end, input);
      return;
    }
    for (const step of stepsOf(kind, path, to.length)) throwIfFailed(await runStep(step, signal), input);
  });
}

function stepsOf(kind: FileSystemKind, path: string, length: number) {
  if (kind === 'ntfs') {
    // Behind its clusters a sector is left for the copy of the boot sector. Twice forced: nobody can answer it here.
    const args = ['--force', '--force', '--no-progress-bar', '--size', String(length - 512), path];
    return [{ program: 'ntfsresize', args }];
  }
  return [
    { program: 'e2fsck', args: ['-f', '-p', path], accept: [0, 1] },
    { program: 'resize2fs', args: [path, `${Math.floor(length / 1024)}K`] },
  ];
}

/** NTFS keeps a copy of its boot sector in the last sector of the partition, which its tool leaves out. */
async function copyBootSector(overlay: Overlay, length: number): Promise<void> {
  const bootSector = await overlay.read(0, 512);
  const sectorBytes = Buffer.from(bootSector).readUInt16LE(11);
  const sectors = Number(Buffer.from(bootSector).readBigUInt64LE(40));
  for (const offset of new Set([sectors * sectorBytes, length - sectorBytes]))
    if (offset + sectorBytes <= length) await overlay.write(offset, await overlay.read(0, sectorBytes));
}

/** Lets the file system's own check look at what was made. */
async function check(overlay: Overlay, input: ShrinkInput): Promise<void> {
  const { shrinking, signal } = input;
  const { kind } = shrinking;
  if (kind === 'swap') return;
  await overlay.withFile(shrinking.to.length, async (path) => {
    const run = async (program: string, args: readonly string[]): Promise<void> =>
      throwIfFailed(await runStep({ program, args }, signal), input);
    if (kind.startsWith('fat')) await run('fsck.fat', ['-n', path]);
    else if (kind === 'ntfs') await run('ntfsfix', ['--no-action', path]);
    else if (kind === 'btrfs') {
      const checked = await withLoop(path, (device) =>
        runStep({ program: 'btrfs', args: ['check', '--readonly', device] }, signal),
      );
      throwIfFailed(checked, input);
    } else await run('e2fsck', ['-f', '-n', path]);
  });
}

/** What the smaller file system uses; it must be read here as what it was, and reach no further than its partition. */
async function usedOf(small: BlockReader, input: ShrinkInput): Promise<Extents> {
  const { shrinking, signal } = input;
  // NTFS is left with the mark that lets Windows check it.
  const { info, map } = await probeRegion(small, {
    trustBitmap: shrinking.kind === 'ntfs',
    ...(signal === undefined ? {} : { signal }),
  });
  if (info.kind !== shrinking.kind)
    throwIfFailed({ problem: say('shrunk/other', { content: info.kind }) }, input);
  if (map.raw !== undefined)
    throwIfFailed({ problem: say('shrunk/unread', { detail: map.raw.reason }) }, input);
  return map.used;
}

function throwIfFailed(end: StepEnd, { device, shrinking }: ShrinkInput): void {
  if ('problem' in end)
    throw new PermafrostError('layout/not-shrunk', {
      device,
      number: shrinking.number,
      problem: end.problem,
    });
}

/** What is made smaller on its way to one target. */
export interface ShrunkTarget {
  readonly path: string;
  readonly shrinks: readonly Shrinking[];
  readonly shrinking?: ShrinkPlan;
}

/**
 * Makes everything smaller that `target` needs so, one after the other; by the numbers of the partitions. Throws as
 * {@link shrinkRegion} does, leaving nothing. The caller closes them with {@link closeShrunk}.
 */
export async function shrinkRegions(
  { path, shrinks, shrinking }: ShrunkTarget,
  signal: AbortSignal | undefined,
  onRegion: (number: number) => void,
): Promise<ReadonlyMap<number, ShrunkRegion>> {
  const shrunk = new Map<number, ShrunkRegion>();
  try {
    for (const one of shrinks) {
      onRegion(one.number);
      const input = { shrinking: one, scratch: shrinking!.scratch, device: path };
      shrunk.set(one.number, await shrinkRegion({ ...input, ...(signal === undefined ? {} : { signal }) }));
    }
    return shrunk;
  } catch (error) {
    await closeShrunk(shrunk);
    throw error;
  }
}

export async function closeShrunk(shrunk: ReadonlyMap<number, ShrunkRegion>): Promise<void> {
  for (const region of shrunk.values()) await region.close();
}
