/** Real ext file systems that were cut off in use, and the proof that their journals are replayed rightly. */
import assert from 'node:assert/strict';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Extents } from '../../src/engine/base/extents.ts';
import { makeDoubts } from '../../src/engine/filesystem/ext/doubts.ts';
import { makeGeometry } from '../../src/engine/filesystem/ext/geometry.ts';
import { parseSuperblock } from '../../src/engine/filesystem/ext/superblock.ts';
import { mapUsedBlocks } from '../../src/engine/filesystem/ext/used-blocks.ts';
import type { UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { run } from '../support/command.ts';
import { fileReader, noise, overwriteUnused, scratchFolder, treeDigest } from '../support/scratch.ts';
import {
  copyImage,
  fillTree,
  imageDigest,
  makeExt,
  mapImage,
  MIB,
  mountExt,
  usedByDumpe2fs,
  type Mounted,
} from './support-ext.ts';

/** Writes a file and waits for the journal to have it; its metadata in place is left for later. */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  await file.write(bytes);
  await file.sync();
  await file.close();
}

/** Ends all writing of a mounted ext4 at once: what is only in memory is lost. */
async function shutDown(folder: string): Promise<void> {
  // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
  const script = 'open F, "<", $ARGV[0] or die; ioctl F, 0x8004587d, my $flags = pack "L", 2 or die "$!"';
  await run('perl', ['-e', script, folder]);
}

/** Has something done after the cut and before the unmount. */
export type BeforeUnmount = (action: () => Promise<void>) => void;

/** One way to make a file system that is cut off in use. */
export interface Crash {
  readonly name: string;
  /** For mke2fs. */
  readonly options: readonly string[];
  /** Default 64. */
  readonly mebibytes?: number;
  /** For mount. */
  readonly mountOptions?: readonly string[];
  /** What happens after the file system was filled and synced; default {@link useAndReuse}. */
  readonly work?: (mounted: Mounted, image: string, beforeUnmount: BeforeUnmount) => Promise<void>;
}

/** New files, directories that go, and files in the place of what went: block bitmaps, revocations. */
export async function useAndReuse({ folder }: Mounted): Promise<void> {
  for (let round = 0; round < 4; round++) {
    const fresh = join(folder, `round ${round}`);
    await mkdir(fresh);
    for (let i = 0; i < 12; i++)
      await writeSynced(join(fresh, `file ${i}`), noise(20_000 + i * 3000, round * 100 + i));
    if (round === 1) await rm(join(folder, 'wide'), { recursive: true });
    if (round === 3) await rm(join(folder, 'round 0'), { recursive: true });
    await writeSynced(join(folder, `large ${round}`), noise(700_000, round + 5000));
  }
}

/** Makes, fills, syncs, uses and cuts off a file system; answers its image and the tree that must survive. */
export async function crashExt(
  t: TestContext,
  crash: Crash,
): Promise<{ readonly image: string; readonly digest: string }> {
  const { options, mebibytes = 64, mountOptions = [], work = useAndReuse } = crash;
  const live = join(await scratchFolder(t, 'ext-crash'), 'live');
  await makeExt(live, mebibytes * MIB, options);
  const mounted = await mountExt(t, live, mountOptions);
  await fillTree(mounted.folder, 4 * MIB);
  await run('sync', ['-f', mounted.folder]);
  const later: (() => Promise<void>)[] = [];
  await work(mounted, live, (action) => later.push(action));
  const digest = await treeDigest(mounted.folder);
  await shutDown(mounted.folder);
  const image = await copyImage(live, `${live}.cut`);
  for (const action of later) await action();
  await mounted.unmount();
  await rm(live);
  return { image, digest };
}

/** What the bitmaps on disk say, without any replay. */
export async function mapWithoutReplay(t: TestContext, image: string): Promise<Extents> {
  const reader = await fileReader(t, image);
  const sb = parseSuperblock(await reader.read(1024, 1024));
  assert.ok(sb !== undefined);
  return (await mapUsedBlocks(reader, makeGeometry(sb), makeDoubts())).used;
}

/** A copy of `image` with noise outside of `used`, brought in order by e2fsck. */
export async function recoverWithNoise(image: string, sizeBytes: number, used: Extents): Promise<string> {
  const copy = await copyImage(image, `${image}.noise`);
  await overwriteUnused(copy, sizeBytes, used);
  await run('e2fsck', ['-f', '-y', copy], { accept: [0, 1] });
  return copy;
}

/**
 * {@link crashExt} with bitmaps on disk that are well behind the journal. Whoever runs `sync` anywhere on the
 * machine meanwhile brings them up to date, so it may take several attempts.
 */
export async function crashBehindJournal(
  t: TestContext,
  crash: Crash,
): Promise<{
  readonly image: string;
  readonly digest: string;
  readonly map: UsedMap;
  readonly before: Extents;
}> {
  for (let attempt = 0; attempt < 6; attempt++) {
    const { image, digest } = await crashExt(t, crash);
    const map = await mapImage(t, image);
    assert.equal(map.raw, undefined);
    assert.match(map.warnings.join(), /replaying [1-9]\d* transactions/);
    const before = await mapWithoutReplay(t, image);
    if (map.used.totalBytes > before.totalBytes + MIB) return { image, digest, map, before };
  }
  throw new Error('the replay never finds what the bitmaps on disk do not say');
}

/**
 * The proof for a file system cut off in use: the map is what e2fsprogs calls used before and after its own
 * replay of the journal; with noise in all other bytes, e2fsck and the kernel bring back every file.
 */
export async function proveCrash(t: TestContext, crash: Crash): Promise<void> {
  const { image, digest, map, before } = await crashBehindJournal(t, crash);
  const sizeBytes = (crash.mebibytes ?? 64) * MIB;

  const replayed = await copyImage(image, `${image}.replayed`);
  await run('e2fsck', ['-y', '-E', 'journal_only', replayed], { accept: [0, 1] });
  const after = await usedByDumpe2fs(replayed);
  assert.deepEqual(map.used.toPairs(), before.union(after).toPairs());

  const copy = await recoverWithNoise(image, sizeBytes, map.used);
  await run('e2fsck', ['-f', '-n', copy]);
  assert.equal(await imageDigest(t, copy, true), digest);

  await copyImage(image, copy);
  await overwriteUnused(copy, sizeBytes, map.used, 0, 8);
  const mounted = await mountExt(t, copy, crash.mountOptions);
  assert.equal(await treeDigest(mounted.folder), digest);
  await mounted.unmount();
  await run('e2fsck', ['-f', '-n', copy]);
}
