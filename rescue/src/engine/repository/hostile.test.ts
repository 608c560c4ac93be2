/** Every parser of the format on damaged input: a value or the engine's own error, never anything else. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { native } from 'blockdev-native';
import { PermafrostError } from '../base/errors.ts';
import { encodeFrameHeader, parseFrameHeader, parseTable } from './frame.ts';
import { checkManifest } from './manifest.ts';
import {
  encodePackEnd,
  encodePackHeader,
  PACK_HEADER_BYTES,
  parseFooter,
  parseIndexSection,
  parsePackHeader,
  parsePackIndex,
} from './pack-index.ts';
import { encodeBadMap, encodePage, parseBadMap, parsePage, tags } from './page.ts';
import { encodeSealed, parseSealed } from './sealed-json.ts';

const ids = Buffer.concat([native.hash(Buffer.from('a')), native.hash(Buffer.from('b'))]);
const table = { codec: 'zstd', kind: 'data', ids, lengths: Uint32Array.of(100, 50) } as const;
const header = encodeFrameHeader(table, 60);
const frame = { ...table, offset: PACK_HEADER_BYTES, length: header.length + 60 };
const page = encodePage({
  level: 0,
  tags: Uint8Array.of(tags.data, tags.zero, tags.bad),
  ids: Buffer.concat([ids, Buffer.alloc(32, 7)]),
  badMaps: Buffer.alloc(96, 9),
});

const parsers: Record<string, { good: Buffer; parse: (bytes: Buffer) => unknown }> = {
  'a frame header': { good: header, parse: parseFrameHeader },
  'a table': { good: header.subarray(32), parse: (bytes) => parseTable(bytes, 0) },
  'a pack header': { good: encodePackHeader('00'.repeat(16)), parse: parsePackHeader },
  'the end of a pack': {
    good: encodePackEnd([frame], PACK_HEADER_BYTES + frame.length),
    parse: (bytes) => parseIndexSection(bytes, PACK_HEADER_BYTES + frame.length),
  },
  'a pack index without its checksum': {
    good: encodePackEnd([frame], PACK_HEADER_BYTES + frame.length).subarray(32, -40),
    parse: (bytes) => parsePackIndex(bytes, PACK_HEADER_BYTES + frame.length),
  },
  'a footer': {
    good: encodePackEnd([frame], 5000).subarray(-40),
    parse: (bytes) => parseFooter(bytes, 100_000),
  },
  'a page': { good: page, parse: (bytes) => parsePage(bytes, 0, 3) },
  'a bad map': { good: encodeBadMap([0, 512, 4096, 1024]), parse: (bytes) => parseBadMap(bytes, 262144) },
  'sealed JSON': { good: encodeSealed({ a: 1 }), parse: (bytes) => parseSealed(bytes, 'test') },
};

for (const [name, { good, parse }] of Object.entries(parsers)) {
  test(`${name} that is damaged is refused or read, never a crash`, () => {
    parse(Buffer.from(good));
    const attempt = (bytes: Buffer): void => {
      try {
        parse(bytes);
      } catch (error) {
        assert.ok(error instanceof PermafrostError, String(error));
      }
    };
    for (let length = 0; length < good.length; length++) attempt(good.subarray(0, length));
    for (let i = 0; i < good.length * 8; i++) {
      const bytes = Buffer.from(good);
      bytes[i >> 3]! ^= 1 << (i & 7);
      attempt(bytes);
    }
    for (let i = 0; i < 500; i++) attempt(Buffer.concat([good.subarray(0, i % good.length), randomBytes(i)]));
  });
}

test('a single flipped bit under a checksum is always noticed', () => {
  for (const name of ['a pack header', 'the end of a pack', 'a footer', 'sealed JSON']) {
    const { good, parse } = parsers[name]!;
    // The end of a pack has a footer behind the part that is parsed here.
    const covered = name === 'the end of a pack' ? good.length - 40 : good.length;
    for (let i = 0; i < covered * 8; i++) {
      const bytes = Buffer.from(good);
      bytes[i >> 3]! ^= 1 << (i & 7);
      assert.throws(() => parse(bytes), PermafrostError, `${name}, bit ${i}`);
    }
  }
});

test('manifests with impossible content are refused', () => {
  const good = {
    permafrost: 'image',
    version: 1,
    requires: [],
    repository: 'r',
    chunkBytes: 65536,
    idScheme: 'blake3',
    id: 'x',
    sequence: 1,
    name: 'n',
    created: 'c',
    program: 'p',
    machine: { hostname: 'h' },
    warnings: [],
    disks: [
      {
        number: 1,
        path: '/dev/sda',
        sizeBytes: 100_000,
        sectorSize: 512,
        table: { kind: 'none', partitions: [] },
        regions: [
          {
            kind: 'whole',
            name: 'whole disk',
            start: 0,
            length: 100_000,
            partitions: [],
            warnings: [],
            sums: { usedBytes: 0, dataBytes: 0, zeroBytes: 0, badBytes: 0 },
            content: { chunks: 2, levels: 1, root: 'zero' },
          },
        ],
      },
    ],
  };
  checkManifest(structuredClone(good), 'x');
  const partition = { number: 1, start: 0, length: 512, typeId: '0x83' };
  const named = structuredClone(good);
  (named.disks[0]!.table.partitions as unknown[]).push(partition);
  Object.assign(named.disks[0]!.regions[0]!, { fileSystem: { kind: 'of a later version', state: 'clean' } });
  checkManifest(named, 'x');
  const changes: ((m: typeof good) => void)[] = [
    (m) => (m.version = 2),
    (m) => (m.id = 'y'),
    (m) => m.requires.push('teleport' as never),
    (m) => (m.chunkBytes = -1),
    (m) => (m.disks[0]!.sizeBytes = 200_000),
    (m) => (m.disks[0]!.regions[0]!.start = 512),
    (m) => (m.disks[0]!.regions[0]!.length = Number.MAX_SAFE_INTEGER + 2),
    (m) => (m.disks[0]!.regions[0]!.content.chunks = 3),
    (m) => (m.disks[0]!.regions[0]!.content.levels = 100),
    (m) => (m.disks[0]!.regions[0]!.content.root = '../../etc/passwd'),
    (m) => (m.disks[0]!.sectorSize = 0),
    (m) => (m.disks[0]!.sectorSize = 513),
    (m) => (m.disks[0]!.table.partitions as unknown[]).push({ ...partition, typeId: '0xzz' }),
    (m) => (m.disks[0]!.table.partitions as unknown[]).push({ ...partition, name: 5 }),
    (m) => (m.disks[0]!.regions[0]!.kind = 'other'),
    (m) => Object.assign(m.disks[0]!.regions[0]!, { fileSystem: 5 }),
    (m) => Object.assign(m.disks[0]!.regions[0]!, { fileSystem: { kind: {}, state: 'clean' } }),
    (m) => ((m.disks as unknown) = 7),
    (m) => ((m.machine as unknown) = null),
  ];
  for (const [i, change] of changes.entries()) {
    const bad = structuredClone(good);
    change(bad);
    assert.throws(() => checkManifest(bad, 'x'), PermafrostError, `change ${i}`);
  }
});
