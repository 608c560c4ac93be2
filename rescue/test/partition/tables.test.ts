/** Partition tables against the tools that make and check them: sfdisk, sgdisk, partx and mkfs. */
import assert from 'node:assert/strict';
import { copyFile, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { layoutRegions } from '../../src/engine/partition/layout.ts';
import type { PartitionTable } from '../../src/engine/partition/partition-table.ts';
import { knownGptTypes } from '../../src/engine/partition/partition-types.ts';
import { planTables } from '../../src/engine/partition/relocate.ts';
import { readTable, type ReadTableOptions } from '../../src/engine/partition/table.ts';
import { run } from '../support/command.ts';
import { attachLoop, fileReader, scratchFolder, sparseFile } from '../support/scratch.ts';

const MIB = 1024 * 1024;

interface Listed {
  readonly number: number;
  readonly start: number;
  readonly length: number;
  readonly type: string;
}

/** The partitions as sfdisk lists them, extended ones left out. */
async function sfdiskList(path: string): Promise<{ id: string; partitions: Listed[] }> {
  const { stdout } = await run('sfdisk', ['--json', path]);
  const { partitiontable: table } = JSON.parse(stdout) as {
    partitiontable: {
      id: string;
      sectorsize?: number;
      partitions?: { node: string; start: number; size: number; type: string }[];
    };
  };
  const sectorSize = table.sectorsize ?? 512;
  const partitions = (table.partitions ?? [])
    .map(({ node, start, size, type }) => ({
      number: Number(/\d+$/.exec(node.slice(path.length))?.[0]),
      start: start * sectorSize,
      length: size * sectorSize,
      type: type.length <= 2 ? `0x${type.padStart(2, '0')}` : type.toLowerCase(),
    }))
    .filter(({ type }) => !['0x05', '0x0f', '0x85'].includes(type));
  return { id: table.id.toLowerCase(), partitions };
}

function listed(table: PartitionTable): Listed[] {
  return table.partitions.map(({ number, start, length, typeId }) => ({
    number,
    start,
    length,
    type: typeId,
  }));
}

async function tableOf(
  t: TestContext,
  path: string,
  options: ReadTableOptions = { isFile: true },
): Promise<PartitionTable> {
  return readTable(await fileReader(t, path), options);
}

/** `path` has the partitions that sfdisk lists, and nothing about it is doubtful. */
async function assertAgrees(t: TestContext, path: string, kind: 'gpt' | 'mbr'): Promise<void> {
  const table = await tableOf(t, path);
  const theirs = await sfdiskList(path);
  assert.equal(table.kind, kind, JSON.stringify(table));
  assert.deepEqual(listed(table), theirs.partitions);
  assert.deepEqual(table.warnings, []);
  assert.equal('diskId' in table && table.diskId, theirs.id.replace('0x', ''));
  const regions = layoutRegions(table, table.sizeBytes);
  assert.ok(
    regions.every((region) => region.doubt === undefined),
    JSON.stringify(regions),
  );
}

const dosScript = `label: dos
1 : start=2048, size=20480, type=c, bootable
2 : start=30720, size=81920, type=f
3 : start=114688, size=4096, type=7
5 : start=32768, size=8192, type=83
6 : start=43008, size=8192, type=82
7 : start=55296, size=2048, type=8e
8 : start=90112, size=4096, type=83
`;

const gptScript = `label: gpt
1 : start=2048, size=20480, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="EFI"
3 : start=22528, size=40960, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name="Größe ☃", attrs="LegacyBIOSBootable"
9 : start=81920, size=8192, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F
`;

async function madeBy(t: TestContext, script: string, sizeBytes = 64 * MIB): Promise<string> {
  const path = await sparseFile(join(await scratchFolder(t, 'tables'), 'disk'), sizeBytes);
  await run('sfdisk', ['--quiet', path], { input: script });
  return path;
}

test('reads an MBR with logical partitions as sfdisk and partx do', async (t) => {
  const path = await madeBy(t, dosScript);
  await assertAgrees(t, path, 'mbr');
  const { stdout } = await run('partx', ['--raw', '--noheadings', '-o', 'NR,START,SECTORS', path]);
  const shown = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .filter(([number]) => number !== 2);
  const table = await tableOf(t, path);
  assert.deepEqual(
    table.partitions.map((p) => [p.number, p.start / 512, p.length / 512]).sort((a, b) => a[0]! - b[0]!),
    shown,
  );
});

test('numbers logical partitions after a deletion in the middle, and sees the chain out of order', async (t) => {
  const path = await madeBy(t, dosScript);
  await run('sfdisk', ['--quiet', '--delete', path, '6']);
  await assertAgrees(t, path, 'mbr');
  await run('sfdisk', ['--quiet', '--append', path], { input: 'start=66000, size=2048\n' });
  await assertAgrees(t, path, 'mbr');
});

test('reads a chain of 56 logical partitions', async (t) => {
  const lines = Array.from({ length: 56 }, () => 'size=64, type=83').join('\n');
  const path = await madeBy(t, `label: dos\n1 : start=2048, type=5\n${lines}\n`, 400 * MIB);
  await assertAgrees(t, path, 'mbr');
  assert.equal((await tableOf(t, path)).partitions.length, 56);
});

test('reads a GPT as sfdisk does, names and attributes included', async (t) => {
  const path = await madeBy(t, gptScript);
  await assertAgrees(t, path, 'gpt');
  const table = await tableOf(t, path);
  assert.deepEqual(
    table.partitions.map((p) => [p.name, p.bootable]),
    [
      ['EFI', false],
      ['Größe ☃', true],
      [undefined, false],
    ],
  );
});

test('reads tables on disks with sectors of 4096 bytes', async (t) => {
  const scaled = (script: string): string =>
    script.replace(/(start|size)=(\d+)/g, (_, key: string, n: string) => `${key}=${Number(n) / 8}`);
  for (const [script, kind] of [
    [gptScript, 'gpt'],
    [dosScript, 'mbr'],
  ] as const) {
    const path = await sparseFile(join(await scratchFolder(t, 'tables'), 'disk'), 64 * MIB);
    const { device, detach } = await attachLoop(t, path, ['--sector-size', '4096']);
    await run('sfdisk', ['--quiet', device], { input: scaled(script) });
    const theirs = await sfdiskList(device);
    const table = await tableOf(t, path, { sectorSize: 4096 });
    // Older versions of sfdisk leave the sector size out of an MBR's listing.
    const unit = table.partitions[0]!.start / theirs.partitions[0]!.start;
    assert.ok(unit === 1 || unit === 8);
    assert.equal(table.kind, kind);
    assert.deepEqual(
      listed(table),
      theirs.partitions.map((p) => ({ ...p, start: p.start * unit, length: p.length * unit })),
    );
    assert.deepEqual(table.warnings, []);
    await detach();
    if (kind === 'gpt') assert.equal((await tableOf(t, path)).sectorSize, 4096);
  }
});

test('reads hybrid MBRs made by sgdisk, and tables of 1024 and of 4 entries', async (t) => {
  const path = await madeBy(t, gptScript);
  await run('sgdisk', ['--hybrid', '1:3', path]);
  const hybrid = await tableOf(t, path);
  assert.equal(hybrid.kind === 'gpt' && hybrid.mbr, 'hybrid');
  assert.deepEqual(hybrid.doubtful, []);
  await run('sgdisk', ['--resize-table=1024', path]);
  await run('sgdisk', ['--new=1000:100000:101000', path]);
  const larger = await tableOf(t, path);
  assert.deepEqual(
    larger.partitions.map((p) => p.number),
    [1, 3, 9, 1000],
  );
  const small = await madeBy(t, 'label: gpt\ntable-length: 4\nstart=2048, size=2048\n');
  await assertAgrees(t, small, 'gpt');
});

async function patch(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}

test('reads the same partitions from either copy of a GPT', async (t) => {
  const path = await madeBy(t, gptScript);
  const { partitions } = await sfdiskList(path);
  const cases = [
    ['backup', 512 + 20, 'primary'],
    ['backup', 1024 + 300, 'primary'],
    ['primary', 64 * MIB - 512 + 20, 'backup'],
    ['primary', 64 * MIB - 33 * 512 + 300, 'backup'],
  ] as const;
  for (const [used, offset, damaged] of cases) {
    const copy = `${path}-damaged`;
    await copyFile(path, copy);
    await patch(copy, offset, Uint8Array.of(0xa5));
    const table = await tableOf(t, copy);
    assert.deepEqual(listed(table), partitions);
    assert.ok(table.kind === 'gpt');
    assert.equal(table.used, used);
    assert.match(table.otherCopyProblem ?? '', new RegExp(`the ${damaged} GPT .*checksum`));
    // The tool that checks tables sees the damage too.
    assert.match((await run('sgdisk', ['--verify', copy])).stdout, /Problem|CRC|damage/i);
  }
});

/** Puts the table of `source` on a new file of `sizeBytes`, as a restore of it does. */
async function restoreTable(t: TestContext, source: string, sizeBytes: number): Promise<string> {
  const reader = await fileReader(t, source);
  const table = await readTable(reader, { isFile: true });
  const plan = await planTables(reader, table, sizeBytes);
  assert.ok(plan.minimumBytes <= sizeBytes);
  const target = `${source}-${sizeBytes}`;
  await copyFile(source, target);
  await truncate(target, sizeBytes);
  for (const write of plan.writes) await patch(target, write.offset, write.bytes);
  return target;
}

/** What sfdisk dumps, without what may differ between disks of different sizes. */
async function dump(path: string): Promise<string> {
  const { stdout } = await run('sfdisk', ['--dump', path]);
  return stdout.replace(new RegExp(`^${path}p?`, 'gm'), 'disk').replace(/^(last-lba|device): .*\n/gm, '');
}

async function assertVerified(path: string): Promise<void> {
  const { stdout } = await run('sgdisk', ['--verify', path]);
  assert.match(stdout, /No problems found/, stdout);
  const checked = await run('sfdisk', ['--verify', path]);
  assert.match(checked.stdout, /No errors detected/, checked.stdout + checked.stderr);
}

const smallest = (81920 + 8192 + 33) * 512;
for (const [name, sizeBytes] of [
  ['a larger disk', 100 * MIB],
  ['a disk of an odd number of sectors', 64 * MIB + 512 * 77],
  ['a smaller disk', 48 * MIB],
  ['the smallest possible disk', smallest],
  ['a disk of more than 2 TiB', 3 * 1024 ** 4],
] as const) {
  test(`moves a GPT to ${name} so that sgdisk and sfdisk find no problem`, async (t) => {
    const source = await madeBy(t, gptScript);
    await run('sgdisk', ['--verify', source]);
    const target = await restoreTable(t, source, sizeBytes);
    await assertVerified(target);
    assert.equal(await dump(target), await dump(source));
    await assertAgrees(t, target, 'gpt');
  });
}

test('needs exactly as much room as sgdisk calls enough', async (t) => {
  const source = await madeBy(t, gptScript);
  const reader = await fileReader(t, source);
  const plan = await planTables(reader, await readTable(reader), 64 * MIB);
  assert.equal(plan.minimumBytes, smallest);
});

test('moves a GPT to a larger disk exactly as sfdisk --relocate does, and clears the backup that it leaves', async (t) => {
  const source = await madeBy(t, gptScript);
  const ours = await restoreTable(t, source, 100 * MIB);
  const theirs = `${source}-theirs`;
  await copyFile(source, theirs);
  await truncate(theirs, 100 * MIB);
  await run('sfdisk', ['--relocate', 'gpt-bak-std', theirs]);
  await patch(theirs, 64 * MIB - 33 * 512, new Uint8Array(33 * 512));
  assert.ok((await readFile(ours)).equals(await readFile(theirs)));
});

test('moves a GPT of which only one copy is left', async (t) => {
  for (const [offset, length] of [
    [512, 33 * 512],
    [64 * MIB - 33 * 512, 33 * 512],
  ] as const) {
    const source = await madeBy(t, gptScript);
    const intact = await dump(source);
    await patch(source, offset, new Uint8Array(length));
    const target = await restoreTable(t, source, 100 * MIB);
    await assertVerified(target);
    assert.equal(await dump(target), intact);
  }
});

test('moves hybrid MBRs and large tables', async (t) => {
  const hybrid = await madeBy(t, gptScript);
  await run('sgdisk', ['--hybrid', '1:3', hybrid]);
  const moved = await restoreTable(t, hybrid, 100 * MIB);
  const [before, after] = [await readFile(hybrid), await readFile(moved)];
  assert.ok(before.subarray(0, 512).equals(after.subarray(0, 512)));
  assert.match((await run('sgdisk', ['--verify', moved])).stdout, /No problems found/);

  const large = await madeBy(t, gptScript);
  await run('sgdisk', ['--resize-table=1024', large]);
  await assertVerified(await restoreTable(t, large, 90 * MIB));
});

const straight: readonly [string, string, readonly string[]][] = [
  ['FAT', 'mkfs.fat', ['-I', '--mbr=n']],
  ['FAT with an entry for itself', 'mkfs.fat', ['-I', '--mbr=y']],
  ['NTFS', 'mkntfs', ['-F', '-Q', '-q']],
  ['exFAT', 'mkfs.exfat', []],
  ['ext4', 'mkfs.ext4', ['-q', '-F']],
  ['XFS', 'mkfs.xfs', ['-q', '-f']],
  ['Btrfs', 'mkfs.btrfs', ['-q', '-f']],
  ['swap', 'mkswap', ['-f']],
];
for (const [name, command, args] of straight) {
  test(`finds no table on a disk with ${name} straight on it, whatever was on it before`, async (t) => {
    for (const before of [undefined, gptScript, dosScript]) {
      const path = await sparseFile(join(await scratchFolder(t, 'straight'), 'disk'), 320 * MIB);
      if (before !== undefined) await run('sfdisk', ['--quiet', path], { input: before });
      await run(command, [...args, path]);
      const table = await tableOf(t, path);
      assert.equal(table.kind, 'none', JSON.stringify(table));
      assert.deepEqual(
        layoutRegions(table, table.sizeBytes).map((r) => [r.kind, r.doubt]),
        [['whole', undefined]],
      );
    }
  });
}

test('knows GPT types only by GUIDs that sfdisk knows too', async () => {
  const { stdout } = await run('sfdisk', ['--label', 'gpt', '--list-types']);
  const theirs = new Set(stdout.toLowerCase().split(/\s+/));
  const newer = 'ca7d7ccb-63ed-4c53-861c-1742536059cc'; // LUKS, in sfdisk since 2.39
  assert.deepEqual(
    knownGptTypes().filter((guid) => !theirs.has(guid) && guid !== newer),
    [],
  );
});

test('takes a disk raw once both copies of its GPT are damaged', async (t) => {
  const path = await madeBy(t, gptScript);
  await patch(path, 512 + 20, Uint8Array.of(1));
  await patch(path, 64 * MIB - 512 + 20, Uint8Array.of(1));
  const table = await tableOf(t, path);
  assert.equal(table.kind, 'unreadable');
  await writeFile(path, '');
  assert.equal((await tableOf(t, path)).kind, 'none');
});
