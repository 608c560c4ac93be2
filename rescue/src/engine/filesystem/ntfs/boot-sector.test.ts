import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPermafrostError } from '../../base/errors.ts';
import { parseBootSector } from './boot-sector.ts';

interface BootFields {
  readonly sectorSize?: number;
  readonly sectorsPerCluster?: number;
  readonly sectors?: bigint;
  readonly mft?: bigint;
  readonly mirror?: bigint;
  readonly record?: number;
}

function bootSector(fields: BootFields = {}): Buffer {
  const boot = Buffer.alloc(512);
  boot.write('NTFS    ', 3, 'latin1');
  boot.writeUInt16LE(fields.sectorSize ?? 512, 11);
  boot.writeUInt8(fields.sectorsPerCluster ?? 8, 13);
  boot.writeBigUInt64LE(fields.sectors ?? 0x11c7ffn, 40);
  boot.writeBigUInt64LE(fields.mft ?? 4n, 48);
  boot.writeBigUInt64LE(fields.mirror ?? 2n, 56);
  boot.writeInt8(fields.record ?? -10, 64);
  boot.writeBigUInt64LE(0x0c487b0a46167c88n, 72);
  return boot;
}

const isInvalid = (error: unknown): boolean => isPermafrostError(error, 'structure/invalid');

describe('parseBootSector', () => {
  it('reads sizes, places and the serial number as blkid prints it', () => {
    assert.deepEqual(parseBootSector(bootSector()), {
      sectorSize: 512,
      clusterSize: 4096,
      clusterCount: Math.floor(0x11c7ff / 8),
      volumeBytes: 0x11c7ff * 512,
      mftLcn: 4,
      mftMirrorLcn: 2,
      recordSize: 1024,
      serial: '0C487B0A46167C88',
    });
  });

  it('reads every cluster size from 512 bytes to 2 MiB', () => {
    const encodings = [1, 2, 4, 8, 16, 32, 64, 128, 0xf8, 0xf7, 0xf6, 0xf5, 0xf4];
    const sizes = encodings.map(
      (sectorsPerCluster) => parseBootSector(bootSector({ sectorsPerCluster }))?.clusterSize,
    );
    assert.deepEqual(
      sizes,
      encodings.map((_, i) => 512 * 2 ** i),
    );
  });

  it('reads record sizes in clusters and as a power of two', () => {
    assert.equal(parseBootSector(bootSector({ record: 1 }))?.recordSize, 4096);
    assert.equal(parseBootSector(bootSector({ record: -12 }))?.recordSize, 4096);
    assert.equal(parseBootSector(bootSector({ record: 2, sectorsPerCluster: 1 }))?.recordSize, 1024);
  });

  it('says no to anything else', () => {
    assert.equal(parseBootSector(Buffer.alloc(512)), undefined);
    const bitLocker = bootSector();
    bitLocker.write('-FVE-FS-', 3, 'latin1');
    assert.equal(parseBootSector(bitLocker), undefined);
    const fat = bootSector();
    fat.writeUInt8(2, 16);
    assert.equal(parseBootSector(fat), undefined);
  });

  const impossible: Record<string, BootFields> = {
    'a sector size of 0': { sectorSize: 0 },
    'a sector size of 520': { sectorSize: 520 },
    'a sector size of 8192': { sectorSize: 8192 },
    'no sectors per cluster': { sectorsPerCluster: 0 },
    'three sectors per cluster': { sectorsPerCluster: 3 },
    'a power of sectors per cluster beyond 12': { sectorsPerCluster: 0xf3 },
    'clusters above 2 MiB': { sectorsPerCluster: 0xf4, sectorSize: 4096 },
    'no sectors': { sectors: 0n },
    'fewer sectors than a cluster': { sectors: 7n },
    'more bytes than a number holds': { sectors: 1n << 50n },
    'a 64-bit sector count': { sectors: (1n << 64n) - 1n },
    'a file table behind the end': { mft: 0x11c7ffn / 8n },
    'a mirror behind the end': { mirror: 1n << 40n },
    'records of 0 clusters': { record: 0 },
    'records of 256 bytes': { record: -8 },
    'records of 128 KiB': { record: -17 },
    'records of 3 clusters': { record: 3 },
  };
  for (const [what, fields] of Object.entries(impossible))
    it(`refuses ${what}`, () => {
      assert.throws(() => parseBootSector(bootSector(fields)), isInvalid);
    });
});
