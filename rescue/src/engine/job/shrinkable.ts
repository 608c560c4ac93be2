/** How small a file system can get, as the tool that would make it so says; nothing of it is changed. */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, errorWords } from '../base/errors.ts';
import type { Extents } from '../base/extents.ts';
import { remark, type Remark, type Said, say } from '../base/remarks.ts';
import { hasFuse } from '../device/fuse-file.ts';
import { freeScratch, Overlay } from '../device/overlay.ts';
import type { FileSystemInfo, FileSystemKind } from '../filesystem/file-system.ts';
import { leastFatBytes } from '../filesystem/fat/resize-fat.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import { runStep, withLoop, withMounted, type StepEnd } from './file-system-tools.ts';

/** What the kernel lets Btrfs have at least, in bytes. */
const LEAST_BTRFS_BYTES = 256 * 1024 * 1024;
/** A swap area that can be made smaller keeps this much: what names it must still find it. */
const LEAST_SWAP_BYTES = 1024 * 1024;

/** What changes the size of FAT. */
export const OWN_TOOL = 'permafrost';

/** The least bytes that a partition can have, or why it cannot be smaller than it is. */
export type LeastSize =
  { readonly leastBytes: number; readonly tool?: string } | { readonly problem: Remark };

/** A file system whose size is asked for. */
export interface Measured {
  /** Its partition. */
  readonly view: BlockReader;
  readonly info: Pick<FileSystemInfo, 'kind' | 'state' | 'blockSize' | 'details'> | undefined;
  /** What of it is there to be looked at; from its start. */
  readonly kept: () => Promise<Extents>;
  /** Where a scratch file may be. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

type Ask = (path: string, measured: Measured) => Promise<StepEnd & { readonly bytes?: number }>;

const ext: Ask = async (path, { info, signal }) => {
  const end = await runStep({ program: 'resize2fs', args: ['-P', path] }, signal);
  return found(end, /: (\d+)\s*$/m, info!.blockSize ?? 0);
};

const ntfs: Ask = async (path, { info, signal }) => {
  const args = ['--info', '--force', '--force', '--no-progress-bar', path];
  const end = await runStep({ program: 'ntfsresize', args }, signal);
  const { bytes, ...said } = found(end, /You might resize at (\d+) bytes/, 1);
  // Its tool rounds down to clusters, and the copy of the boot sector lies behind them.
  return bytes === undefined ? said : { ...said, bytes: bytes + 2 * (info!.blockSize ?? 4096) };
};

const btrfs: Ask = (path, { signal }) =>
  withBtrfs(path, async (folder) => {
    const args = ['inspect-internal', 'min-dev-size', folder];
    const end = await runStep({ program: 'btrfs', args }, signal);
    const { bytes, ...said } = found(end, /^(\d+) bytes/m, 1);
    return bytes === undefined ? said : { ...said, bytes: Math.max(bytes, LEAST_BTRFS_BYTES) };
  });

const tools: Partial<Record<FileSystemKind, { readonly tool: string; readonly ask: Ask }>> = {
  ext2: { tool: 'resize2fs', ask: ext },
  ext3: { tool: 'resize2fs', ask: ext },
  ext4: { tool: 'resize2fs', ask: ext },
  ntfs: { tool: 'ntfsresize', ask: ntfs },
  btrfs: { tool: 'btrfs', ask: btrfs },
};

/** Whether anything makes file systems of this kind smaller. */
export function isShrinkable(kind: FileSystemKind): boolean {
  return kind in tools || kind === 'swap' || kind === 'fat12' || kind === 'fat16' || kind === 'fat32';
}

/** Asks; a read that fails and a system without FUSE are reasons too. Throws `job/cancelled`. */
export async function leastSize(measured: Measured): Promise<LeastSize> {
  const { view, info } = measured;
  if (info === undefined || info.kind === 'unknown' || info.kind === 'empty')
    return { problem: remark('resize/unknown-content') };
  const title = kindTitles[info.kind];
  const known = tools[info.kind];
  if (!isShrinkable(info.kind)) return { problem: remark('resize/no-shrink-tool', { content: title }) };
  if (info.state === 'dirty') return { problem: remark('resize/dirty', { content: title }) };
  if (info.kind === 'swap') return { leastBytes: LEAST_SWAP_BYTES };
  try {
    if (known === undefined) {
      const least = await leastFatBytes(view);
      return typeof least === 'number'
        ? { tool: OWN_TOOL, leastBytes: least }
        : { problem: remark('resize/failed', least) };
    }
    const { tool, ask } = known;
    const copied = (await hasFuse()) ? undefined : await measured.kept();
    const room = copied === undefined ? undefined : await copyProblem(copied, measured);
    if (room !== undefined) return { problem: remark('resize/failed', { problem: room }) };
    const overlay = await Overlay.create(view, measured.scratch, copied);
    try {
      const said = await overlay.withFile(view.sizeBytes, (path) => ask(path, measured));
      if ('problem' in said) return { problem: remark('resize/failed', { problem: said.problem }) };
      return said.bytes === undefined
        ? { problem: remark('resize/no-answer', { tool }) }
        : { tool, leastBytes: said.bytes };
    } finally {
      await overlay.close();
    }
  } catch (error) {
    if (!isPermafrostError(error) || error.code === 'job/cancelled') throw error;
    return { problem: remark('resize/failed', { problem: errorWords(error) }) };
  }
}

/** Why there is no room to copy what is asked for its size, as a clause. */
async function copyProblem({ totalBytes }: Extents, { scratch }: Measured): Promise<Said | undefined> {
  const freeBytes = await freeScratch(scratch);
  if (freeBytes >= totalBytes) return undefined;
  return say('resize/no-copy', { totalBytes, freeBytes, folder: scratch });
}

/** Mounts the Btrfs in the file at `path` for `work`. */
export async function withBtrfs<T extends StepEnd>(
  path: string,
  work: (folder: string) => Promise<T>,
): Promise<StepEnd & Partial<T>> {
  let result: T | undefined;
  const end = await withLoop(path, async (device) => {
    const mount = { type: 'btrfs', options: 'nodev,nosuid,noexec,noatime' };
    const said = await withMounted(device, mount, async (folder) => (result = await work(folder)));
    // The kernel must not look for this file system here any more.
    await runStep({ program: 'btrfs', args: ['device', 'scan', '--forget', device], accept: [0, 1] });
    return said;
  });
  return { ...result, ...end } as StepEnd & Partial<T>;
}

function found(end: StepEnd, pattern: RegExp, unitBytes: number): StepEnd & { bytes?: number } {
  if ('problem' in end) return end;
  const value = Number(pattern.exec(end.stdout)?.[1]);
  return Number.isSafeInteger(value * unitBytes) && value * unitBytes > 0
    ? { ...end, bytes: value * unitBytes }
    : end;
}
