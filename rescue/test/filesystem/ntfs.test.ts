import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { attributeTypes } from '../../src/engine/filesystem/ntfs/attribute.ts';
import { parseBootSector } from '../../src/engine/filesystem/ntfs/boot-sector.ts';
import { Mft } from '../../src/engine/filesystem/ntfs/mft.ts';
import { probeNtfs } from '../../src/engine/filesystem/ntfs/ntfs.ts';
import { run } from '../support/command.ts';
import { fileReader, scratchFolder } from '../support/scratch.ts';
import { changeVolume, makeVolume, proveMap, type VolumeOptions } from './support-ntfs-tools.ts';
import { assertSmall, fillFolder, mixedStreams, thinOut, writeMixedTree } from './support-ntfs-trees.ts';

const MIB = 1024 * 1024;

describe('the map of an NTFS volume', { concurrency: 2 }, () => {
  const layouts: Record<string, VolumeOptions> = {
    'with clusters of 4 KiB, compressed files among them': {
      sizeBytes: 40 * MIB,
      compressed: true,
    },
    'with clusters of 512 bytes': { sizeBytes: 24 * MIB + 512, clusterSize: 512 },
    'with clusters of 64 KiB': { sizeBytes: 64 * MIB + 12288, clusterSize: 65536 },
    'with clusters of 2 MiB': { sizeBytes: 128 * MIB, clusterSize: 2 * MIB },
    'with sectors of 4 KiB': { sizeBytes: 32 * MIB, clusterSize: 4096, sectorSize: 4096 },
  };
  for (const [what, options] of Object.entries(layouts))
    it(`${what} holds everything that other tools see, and no more`, async (t) => {
      const image = await makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), options);
      const budget = Math.min(options.sizeBytes / 4, 8 * MIB);
      const write = async (folder: string): Promise<void> => {
        await writeMixedTree(folder, budget);
        await assertSmall(folder, options.compressed === true);
      };
      await changeVolume(t, image, write, options.compressed === true ? 'compression' : '');
      await proveMap(t, image, mixedStreams);
    });

  it('that is empty holds the metadata alone', async (t) => {
    const image = await makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), { sizeBytes: 64 * MIB });
    const map = await proveMap(t, image);
    assert.ok(map.used.totalBytes < 4 * MIB);
  });

  it('that is nearly full, with its file table in many pieces, is found to the last of them', async (t) => {
    const options = { sizeBytes: 10 * MIB, clusterSize: 512 };
    const image = await makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), options);
    await changeVolume(t, image, async (folder) => {
      const data = join(folder, 'data');
      await thinOut(data, await fillFolder(data, 5000, (i) => 1200 + (i % 5) * 900));
      // Small enough to lie in their records: now the table grows into the gaps.
      await fillFolder(join(folder, 'tiny'), 5000, (i) => i % 90);
    });
    const reader = await fileReader(t, image);
    const mft = await Mft.open(reader, parseBootSector(await reader.read(0, 512))!);
    assert.ok(mft.stream.runs.count > 100, `$MFT is in ${mft.stream.runs.count} pieces`);
    const record = await mft.readFile(0);
    assert.ok(record.attributes.some(({ type }) => type === attributeTypes.attributeList));
    const map = await proveMap(t, image);
    assert.ok(map.used.totalBytes > 0.7 * options.sizeBytes);
  });
});

describe('the description of an NTFS volume', () => {
  it('agrees with blkid, ntfsinfo and the size of the region', async (t) => {
    const options = { sizeBytes: 16 * MIB, clusterSize: 2048, label: 'Größe λ' };
    const image = await makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), options);
    const info = (await probeNtfs(await fileReader(t, image)))?.info;
    const blkid = await run('blkid', ['-p', '-o', 'export', image]);
    assert.match(blkid.stdout, new RegExp(`^UUID=${info?.uuid}$`, 'm'));
    assert.equal(info?.label, 'Größe λ');
    const ntfsinfo = await run('ntfsinfo', ['-m', image]);
    assert.match(ntfsinfo.stdout, new RegExp(`Cluster Size: ${info.blockSize}\\n`));
    assert.match(ntfsinfo.stdout, new RegExp(`Volume Version: ${String(info.details?.['version'])}\\n`));
    assert.equal(info.sizeBytes, (await stat(image)).size);
    assert.equal(info.state, 'clean');
  });
});
