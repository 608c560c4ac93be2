import assert from 'node:assert/strict';
import { copyFile, mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { FileSystemInfo, UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { parseBootSector } from '../../src/engine/filesystem/ntfs/boot-sector.ts';
import { Mft } from '../../src/engine/filesystem/ntfs/mft.ts';
import { probeNtfs } from '../../src/engine/filesystem/ntfs/ntfs.ts';
import { run } from '../support/command.ts';
import { until } from '../support/patience.ts';
import { fileReader, noise, overwriteUnused, scratchFolder } from '../support/scratch.ts';
import { restartPage } from './support-ntfs-structures.ts';
import {
  changeVolume,
  makeVolume,
  mountVolume,
  probeWithNtfs3g,
  proveMap,
  readMap,
  readTree,
  readWithNtfsclone,
} from './support-ntfs-tools.ts';
import { fillFolder } from './support-ntfs-trees.ts';

const MIB = 1024 * 1024;

async function volume(t: TestContext): Promise<string> {
  return makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), { sizeBytes: 24 * MIB });
}

async function inspect(t: TestContext, image: string): Promise<{ info: FileSystemInfo; map: UsedMap }> {
  const fileSystem = await probeNtfs(await fileReader(t, image));
  assert.ok(fileSystem?.mapUsed);
  return { info: fileSystem.info, map: await fileSystem.mapUsed({}) };
}

/** Raw for being dirty; with the bitmap trusted, as large as it was when it was clean. */
async function assertDirty(t: TestContext, image: string, reason: RegExp, cleanBytes: number): Promise<void> {
  const { info, map } = await inspect(t, image);
  assert.equal(info.state, 'dirty');
  assert.equal(map.raw?.code, 'dirty');
  assert.match(map.raw.reason, reason);
  assert.equal(map.raw.trustedBytes, cleanBytes);
  assert.deepEqual(map.used.toPairs(), [[0, (await stat(image)).size]]);
}

async function patch(image: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(image, 'r+');
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}

async function openTable(t: TestContext, image: string): Promise<Mft> {
  const reader = await fileReader(t, image);
  return Mft.open(reader, parseBootSector(await reader.read(0, 512))!);
}

describe('an NTFS volume that was not shut down', () => {
  it('is raw once a tool has marked it as dirty', async (t) => {
    const image = await volume(t);
    await changeVolume(t, image, (folder) => writeFile(join(folder, 'file'), noise(99_999, 1)));
    // ntfsresize wants Windows to check what it did, and says so with the flag.
    await run('ntfsresize', ['-f', '-P', '-b', '-s', String(20 * MIB), image], { input: 'y\n' });
    const { info, map } = await inspect(t, image);
    assert.equal(info.state, 'dirty');
    assert.equal(map.raw?.code, 'dirty');
    assert.match(map.raw.reason, /marked as dirty/);
    assert.match(map.raw.remedy ?? '', /chkdsk \/f/);
    assert.ok(map.raw.trustedBytes! < 6 * MIB);
  });

  it('is raw while its record 3 and its mirror bear the flag', async (t) => {
    const image = await volume(t);
    const { used } = await readMap(t, image);
    const { stream, geometry } = await openTable(t, image);
    const record = Buffer.from(await stream.read(3 * geometry.recordSize, geometry.recordSize));
    // $VOLUME_INFORMATION: type 0x70, 12 bytes at offset 24, the flags last.
    const flagsAt = record.indexOf(Buffer.from('70000000', 'hex')) + 24 + 10;
    for (const lcn of [geometry.mftLcn, geometry.mftMirrorLcn]) {
      const at = lcn * geometry.clusterSize + 3 * geometry.recordSize + flagsAt;
      await patch(image, at, Buffer.from([1]));
    }
    assert.match((await run('ntfsinfo', ['-m', '-f', image])).stdout, /Volume Flags: 0x0001/);
    await assertDirty(t, image, /marked as dirty/, used.totalBytes);
  });

  for (const [what, page, opinion] of [
    ['left open', { flags: 0 }, 15],
    ['kept by a sleeping Windows', { flags: 0, major: 2, minor: 0 }, 14],
  ] as const)
    it(`is raw with its journal ${what}, as ntfs-3g says too`, async (t) => {
      const image = await volume(t);
      const { used } = await readMap(t, image);
      const table = await openTable(t, image);
      const log = await table.readStream(await table.readFile(2), 0x80);
      const at = log!.runs.lcn(0) * table.geometry.clusterSize;
      const fileBytes = log!.dataBytes;
      const closed = restartPage({ flags: 2, fileBytes });
      await patch(image, at, Buffer.concat([closed, closed]));
      assert.equal(await probeWithNtfs3g(image), 0);
      const clean = await inspect(t, image);
      assert.equal(clean.info.details?.['journal'], 'clean');
      assert.deepEqual(clean.map.used.toPairs(), used.toPairs());

      const other = restartPage({ ...page, fileBytes });
      await patch(image, at, Buffer.concat([other, other]));
      assert.equal(await probeWithNtfs3g(image), opinion);
      await assertDirty(t, image, /journal/, used.totalBytes);
    });

  it('keeps every file that it still has after a cut, whatever its bitmap says', async (t) => {
    const image = await volume(t);
    const mount = await mountVolume(t, image);
    let files = 0;
    // Once the driver is gone the folder is one like any other: nobody but this flag would end the writing.
    let cutOff = false;
    const writing = (async () => {
      for (; !cutOff; files++)
        await writeFile(join(mount.folder, `f${files}`), noise((files * 7919) % 60_000, files));
    })();
    const stopped = writing.catch(() => undefined);
    const cuts: string[] = [];
    for (let wanted = 60; wanted <= 180; wanted += 40) {
      await until(`${wanted} files are written`, () => files >= wanted);
      cuts.push(`${image}.${wanted}`);
      await copyFile(image, cuts.at(-1)!);
    }
    cutOff = true;
    await mount.cutOff();
    await stopped;
    let compared = 0;
    for (const cut of [...cuts, image]) {
      const { map } = await inspect(t, cut);
      if (map.raw !== undefined) {
        // Caught between $MFT and its mirror: then everything is kept.
        assert.equal(map.raw.code, 'inconsistent');
        continue;
      }
      assert.ok(map.used.totalBytes < 16 * MIB);
      // A file may be in its folder already and have no record yet: nobody can read that.
      const before = await readTree(t, cut).catch((error: unknown) => {
        assert.equal((error as NodeJS.ErrnoException).code, 'EIO');
        return undefined;
      });
      if (before === undefined) continue;
      compared++;
      assert.ok(before.split('\n').length >= 30);
      await overwriteUnused(cut, (await stat(cut)).size, map.used);
      assert.equal(await readTree(t, cut), before);
    }
    assert.ok(compared > 0);
  });

  it('keeps files of which the bitmap has lost clusters, and says so', async (t) => {
    const image = await volume(t);
    await changeVolume(t, image, async (folder) => {
      await fillFolder(join(folder, 'files'), 40, (i) => 1000 * i);
    });
    const before = await readTree(t, image);
    const { used } = await readMap(t, image);
    const table = await openTable(t, image);
    const bitmap = await table.readStream(await table.readFile(6), 0x80);
    // The metadata lies at the beginning and in the middle; the files are what is at the end of the first part.
    const at = bitmap!.runs.lcn(0) * table.geometry.clusterSize;
    const bytes = await bitmap!.read(0, bitmap!.dataBytes);
    const forgotten: number[] = [];
    for (let number = 64; number < table.recordCount; number++) {
      const file = await table.readRecord(number);
      const data = file && (await table.readStream(file, 0x80));
      if (data === undefined || number % 3 !== 0) continue;
      for (let lcn = data.runs.lcn(0); lcn < data.runs.lcn(0) + data.runs.length(0); lcn++) {
        bytes[lcn >>> 3]! &= ~(1 << (lcn & 7));
        forgotten.push(lcn);
      }
    }
    assert.ok(forgotten.length > 20);
    await patch(image, at, bytes);
    await assert.rejects(readWithNtfsclone(image), /accounting/i);

    const { map } = await inspect(t, image);
    assert.equal(map.warnings.length, 1);
    assert.match(map.warnings[0]!, new RegExp(`Files use ${forgotten.length * 4096} bytes`));
    assert.deepEqual(map.used.toPairs(), used.toPairs());
    await overwriteUnused(image, (await stat(image)).size, map.used);
    assert.equal(await readTree(t, image), before);
  });
});

describe('an NTFS volume with a hibernated Windows', () => {
  it('is raw while hiberfil.sys holds a session, among many files of the root directory', async (t) => {
    const image = await volume(t);
    const hiberfil = (folder: string): string => join(folder, 'hiberfil.sys');
    await changeVolume(t, image, async (folder) => {
      await fillFolder(folder, 300, () => 100);
      await writeFile(hiberfil(folder), Buffer.alloc(50_000));
    });
    assert.equal(await probeWithNtfs3g(image), 0);
    const { used } = await readMap(t, image);
    assert.equal((await inspect(t, image)).info.state, 'clean');

    const session = noise(50_000, 3);
    session.write('hibr', 'latin1');
    await changeVolume(t, image, (folder) => writeFile(hiberfil(folder), session));
    assert.equal(await probeWithNtfs3g(image), 14);
    await assertDirty(t, image, /hiberfil\.sys holds a session/, used.totalBytes);

    // ntfs-3g removes it itself with this option, or mounts read-only.
    await changeVolume(t, image, () => Promise.resolve(), 'remove_hiberfile');
    assert.equal(await probeWithNtfs3g(image), 0);
    await proveMap(t, image);
  });
});

describe('an NTFS volume with shadow copies', () => {
  it('is mapped, with a warning', async (t) => {
    const image = await volume(t);
    const store = '{01234567-89ab-11ee-8001-0242ac120002}{3808876b-c176-4e48-b7ae-04046e6cc752}';
    await changeVolume(t, image, async (folder) => {
      const inside = join(folder, 'System Volume Information');
      await mkdir(inside);
      await writeFile(join(inside, store), noise(100_000, 8));
      await writeFile(join(inside, store.slice(38)), noise(70_000, 9));
    });
    const { info, map } = await inspect(t, image);
    assert.equal(info.details?.['shadowCopies'], 1);
    assert.equal(map.raw, undefined);
    assert.match(map.warnings.join(), /1 shadow copies/);
    const before = await readTree(t, image);
    await overwriteUnused(image, (await stat(image)).size, map.used);
    assert.equal(await readTree(t, image), before);
  });
});
