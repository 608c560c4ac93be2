import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NtfsModel } from '../../../../test/filesystem/support-ntfs-model.ts';
import { assertInconsistent, modelWith, read } from '../../../../test/filesystem/support-ntfs-reading.ts';
import {
  HOLE,
  indexBlock,
  indexRoot,
  resident,
  types,
  type NamedReference,
} from '../../../../test/filesystem/support-ntfs-structures.ts';

const HIBERNATION_FILE = 24;
const STORE_GUID = '{3808876b-c176-4e48-b7ae-04046e6cc752}';

async function assertHibernated(model: NtfsModel): Promise<void> {
  const { info, map } = await read(model);
  assert.equal(info.state, 'dirty');
  assert.equal(info.details?.['hibernated'], true);
  assert.equal(map.raw?.code, 'dirty');
  assert.match(map.raw.reason, /hiberfil\.sys/);
  assert.match(map.raw.remedy ?? '', /hold Shift .* "shutdown \/s \/t 0"; with fast start-up/);
  assert.equal((await read(model, { trustBitmap: true })).map.raw, undefined);
}

async function assertAwake(model: NtfsModel): Promise<void> {
  const { info, map } = await read(model);
  assert.equal(info.state, 'clean');
  assert.equal(info.details?.['hibernated'], false);
  assert.equal(map.raw, undefined);
}

/** A volume with hiberfil.sys of `header` and zeros in clusters of its own. */
function withHeader(header: string, name = 'hiberfil.sys'): NtfsModel {
  const model = modelWith();
  model.root = [{ name, record: HIBERNATION_FILE }];
  model.setRecord(HIBERNATION_FILE, [model.stream(types.data, [{ lcn: 100, count: 3 }])]);
  const content = Buffer.alloc(3 * 4096);
  content.write(header, 'latin1');
  model.patches.push({ offset: 100 * 4096, bytes: content });
  return model;
}

describe('hiberfil.sys', () => {
  for (const header of ['hibr', 'HIBR'])
    it(`beginning with ${header} makes the volume raw`, async () => {
      await assertHibernated(withHeader(header));
    });

  for (const header of ['wake', 'WAKE', ''])
    it(`beginning with ${header || 'zeros'} is no obstacle`, async () => {
      await assertAwake(withHeader(header));
    });

  it('beginning with anything else makes the volume raw', async () => {
    for (const header of ['RSTR', 'link', '\u0001', '\0\0\0\0\0\0\0\0x'.padEnd(4096, '\0')])
      await assertHibernated(withHeader(header));
  });

  it('is looked at whatever the case of its name', async () => {
    await assertHibernated(withHeader('hibr', 'HIBERFIL.SYS'));
  });

  it('counts only in the root directory', async () => {
    const model = withHeader('hibr');
    model.root = [{ name: 'Users', record: 25 }];
    const inside = [{ name: 'hiberfil.sys', record: HIBERNATION_FILE }];
    model.setRecord(25, [resident(types.indexRoot, indexRoot(inside), '$I30')], { isDirectory: true });
    await assertAwake(model);
  });

  it('may be small enough to lie in its record', async () => {
    for (const [text, asserted] of [
      ['hibr', assertHibernated],
      ['wake', assertAwake],
      ['', assertAwake],
      ['\0\0\0', assertAwake],
    ] as const) {
      const model = withHeader('hibr');
      model.setRecord(HIBERNATION_FILE, [resident(types.data, Buffer.from(text))]);
      await asserted(model);
    }
  });

  it('reads as zeros where it is a hole or not initialised', async () => {
    const hole = withHeader('hibr');
    hole.setRecord(HIBERNATION_FILE, [hole.stream(types.data, [{ lcn: HOLE, count: 3 }], { flags: 0x8000 })]);
    await assertAwake(hole);
    const fresh = withHeader('hibr');
    fresh.setRecord(HIBERNATION_FILE, [
      fresh.stream(types.data, [{ lcn: 100, count: 3 }], { initializedBytes: 0 }),
    ]);
    await assertAwake(fresh);
  });

  it('cannot be read if it is compressed or encrypted, which makes the volume raw', async () => {
    for (const flags of [0x0001, 0x4000]) {
      const model = withHeader('');
      model.setRecord(HIBERNATION_FILE, [model.stream(types.data, [{ lcn: 100, count: 3 }], { flags })]);
      await assertHibernated(model);
    }
  });

  it('whose record is of another file makes the volume raw', async () => {
    const model = withHeader('wake');
    model.root = [{ name: 'hiberfil.sys', record: HIBERNATION_FILE, sequence: 2 }];
    await assertInconsistent(model, /record 24: is of another file/);
    model.root = [{ name: 'hiberfil.sys', record: 999 }];
    await assertInconsistent(model, /record 999: lies beyond/);
  });
});

/** A root directory whose entries lie in index blocks of 4 KiB, of which `inUse` holds a bit each. */
function withBlocks(model: NtfsModel, blocks: readonly (readonly NamedReference[])[], inUse: number): void {
  const run = { lcn: 110, count: blocks.length };
  model.setRecord(
    5,
    [
      resident(types.indexRoot, indexRoot([{ name: 'first', record: 26 }]), '$I30'),
      model.stream(types.indexAllocation, [run], { name: '$I30' }),
      resident(types.bitmap, Buffer.from([inUse, 0, 0, 0, 0, 0, 0, 0]), '$I30'),
    ],
    { isDirectory: true },
  );
  blocks.forEach((entries, i) =>
    model.patches.push({ offset: (110 + i) * 4096, bytes: indexBlock(entries) }),
  );
}

describe('a directory in index blocks', () => {
  const hibernation = [{ name: 'hiberfil.sys', record: HIBERNATION_FILE }];
  const many = Array.from({ length: 30 }, (_, i) => ({ name: `file ${i}`, record: 30 + i }));

  it('is read in all blocks that are in use', async () => {
    for (const at of [0, 1, 2]) {
      const model = withHeader('hibr');
      withBlocks(
        model,
        [0, 1, 2].map((i) => (i === at ? [...many, ...hibernation] : many)),
        0b111,
      );
      await assertHibernated(model);
    }
  });

  it('is not read in blocks that are not in use: they hold what once was', async () => {
    const model = withHeader('hibr');
    withBlocks(model, [many, hibernation, many], 0b101);
    await assertAwake(model);
  });

  it('is refused if a block is torn or none, or has entries that do not fit', async () => {
    const damage: [RegExp, (bytes: Buffer) => void][] = [
      [/is torn/, (bytes) => bytes.writeUInt16LE(99, 4094)],
      [/does not begin with INDX/, (bytes) => bytes.write('XXXX', 'latin1')],
      [/has an entry of 0 bytes/, (bytes) => bytes.writeUInt16LE(0, 24 + 64 + 8)],
      [/has an entry of 65528 bytes/, (bytes) => bytes.writeUInt16LE(0xfff8, 24 + 64 + 8)],
      [/ends before its field/, (bytes) => bytes.writeUInt32LE(0xfffffff0, 24)],
      [/ends before its field/, (bytes) => bytes.writeUInt8(255, 24 + 64 + 16 + 64)],
    ];
    for (const [problem, change] of damage) {
      const model = modelWith();
      withBlocks(model, [many], 1);
      const block = indexBlock(many);
      change(block);
      model.patches.push({ offset: 110 * 4096, bytes: block });
      await assertInconsistent(model, problem);
    }
  });

  it('is refused without a bitmap of its blocks, or with one that is too short', async () => {
    const model = modelWith();
    const root = resident(types.indexRoot, indexRoot([]), '$I30');
    const blocks = model.stream(types.indexAllocation, [{ lcn: 110, count: 9 }], { name: '$I30' });
    model.setRecord(5, [root, blocks], { isDirectory: true });
    await assertInconsistent(model, /no bitmap/);
    model.setRecord(5, [root, blocks, resident(types.bitmap, Buffer.from([0]), '$I30')], {
      isDirectory: true,
    });
    await assertInconsistent(model, /bitmap shorter than its index/);
  });
});

describe('shadow copies', () => {
  const store = (first: string): string => `{${first}-89ab-11ee-8001-0242ac120002}${STORE_GUID}`;

  function withStores(names: readonly string[]): NtfsModel {
    const model = modelWith();
    model.root = [{ name: 'System Volume Information', record: 25 }];
    const entries = names.map((name) => ({ name, record: 26 }));
    model.setRecord(25, [resident(types.indexRoot, indexRoot(entries), '$I30')], { isDirectory: true });
    return model;
  }

  it('are counted, and warned of, and make nothing raw', async () => {
    const model = withStores([store('01234567'), STORE_GUID, 'tracking.log', store('0123456F')]);
    const { info, map } = await read(model);
    assert.equal(info.details?.['shadowCopies'], 2);
    assert.equal(map.raw, undefined);
    assert.equal(map.warnings.length, 1);
    assert.match(map.warnings[0]!, /2 shadow copies .* will not be usable after a restore, unless .* --raw/);
  });

  it('are not warned of where everything is stored anyway', async () => {
    const model = withStores([store('01234567')]);
    model.volumeFlags = 1;
    assert.deepEqual((await read(model)).map.warnings, []);
    assert.equal((await read(model, { trustBitmap: true })).map.warnings.length, 1);
  });

  it('are not seen where there is only their catalogue, or names that resemble theirs', async () => {
    const model = withStores([STORE_GUID, `x${store('01234567')}`, `${store('01234567')}x`, '{}']);
    const { info, map } = await read(model);
    assert.equal(info.details?.['shadowCopies'], 0);
    assert.deepEqual(map.warnings, []);
  });

  it('on another volume are warned of', async () => {
    const header = Buffer.alloc(128);
    header.set(Buffer.from('6b87083876c1484eb7ae04046e6cc752', 'hex'));
    header.writeBigUInt64LE(0x7dc000n, 48);
    header.fill(1, 64, 80);
    header.fill(2, 80, 96);
    const model = modelWith();
    model.patches.push({ offset: 0x1e00, bytes: header });
    assert.match((await read(model)).map.warnings.join(), /on another volume/);

    header.writeBigUInt64LE(0n, 48);
    assert.deepEqual((await read(model)).map.warnings, [], 'no catalogue');

    header.writeBigUInt64LE(0x7dc000n, 48);
    header.fill(1, 80, 96);
    assert.deepEqual((await read(model)).map.warnings, [], 'on this volume');
  });
});
