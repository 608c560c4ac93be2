import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskPlan, RegionPlan } from '../engine/index.ts';
import { diskLines, savedByShutdown } from './disk-lines.ts';
import { planLines } from './plan-lines.ts';
import { asIs } from '../engine/index.ts';

const MIB = 1024 * 1024;

function partition(number: number, rest: Partial<RegionPlan>): RegionPlan {
  return {
    name: `partition ${number}`,
    kind: 'partition',
    start: number * 100 * MIB,
    length: 100 * MIB,
    partitions: [number],
    usedBytes: 100 * MIB,
    warnings: [],
    included: true,
    ...rest,
  };
}

function disk(...regions: readonly RegionPlan[]): DiskPlan {
  return {
    number: 1,
    identity: { kind: 'file', path: 'disk.img', sizeBytes: 1000 * MIB, sectorSize: 512, inode: '1' },
    sizeBytes: 1000 * MIB,
    sectorSize: 512,
    table: {
      kind: 'gpt',
      diskId: 'disk-id',
      partitions: regions.map(({ start, length }, i) => ({
        number: i + 1,
        start,
        length,
        typeId: 'x',
        typeName: `type ${i + 1}`,
        ...(i === 0 ? { name: 'Root' } : {}),
      })),
    },
    regions,
    usedBytes: 0,
    warnings: [asIs('Know this.')],
  };
}

const clean = partition(1, {
  fileSystem: { kind: 'ext4', label: 'Photos', uuid: '01-23', state: 'clean' },
  usedBytes: 40 * MIB,
});
const asleep = partition(2, {
  fileSystem: { kind: 'ntfs', uuid: 'ABCD', state: 'dirty', details: { hibernated: true } },
  raw: { code: 'dirty', reason: 'Windows sleeps', remedy: asIs('Shut it down.'), trustedBytes: 30 * MIB },
});

test('each region shows what it is, its names, UUID, size, used bytes and state', () => {
  const lines = diskLines(disk(clean, asleep), 100);
  const at = lines.findIndex((line) => line.startsWith('  partition 1'));
  assert.match(lines[at]!, /^ {2}partition 1 +ext4 +Photos +100 MiB +40\.0 MiB +clean$/);
  assert.equal(lines[at + 1], '      type 1, named “Root”, UUID 01-23');
  assert.match(lines[at + 2]!, /^ {2}partition 2 +ntfs +100 MiB +100 MiB +dirty, kept whole$/);
  assert.equal(lines[at + 3], '      type 2, UUID ABCD, Windows sleeps on it');
  assert.ok(lines.includes('  Note: Know this.'));
  assert.ok(lines.includes('   █ used   ░ unused   · in no partition'));
});

test('what a person can do leads, with what a clean shutdown would save, and then why', () => {
  const text = diskLines(disk(clean, asleep), 200).join('\n');
  assert.ok(
    text.includes(
      '  partition 2: Shut it down. Then 30.0 MiB of it would be used, 70.0 MiB less than now.\n' +
        '    Until then all of it is kept: Windows sleeps.',
    ),
    text,
  );
  assert.doesNotMatch(text, /partition 1: /);
});

test('a reason that no shutdown mends says no more than it knows', () => {
  const feature = { code: 'feature', reason: 'unknown features 0x1', trustedBytes: 10 * MIB } as const;
  const text = diskLines(disk(partition(1, { raw: feature })), 200).join('\n');
  assert.match(
    text,
    /partition 1: all of it is kept: unknown features 0x1\. By its own account 10\.0 MiB of it are used, 90\.0 MiB less\.$/m,
  );
  assert.equal(savedByShutdown(partition(1, { raw: feature })), 0);
});

test('the same reason for several regions is said once', () => {
  const raw = { code: 'unsupported', reason: 'it is a RAID member' } as const;
  const text = diskLines(disk(...[1, 2, 3].map((i) => partition(i, { raw }))), 200).join('\n');
  assert.match(text, /^ {2}partitions 1, 2 and 3: all of them are kept: it is a RAID member\.$/m);
  const odd = diskLines(disk(partition(1, { raw }), partition(2, { raw, name: 'whole disk' })), 200);
  assert.ok(odd.includes('  partition 1 and whole disk: all of them are kept: it is a RAID member.'));
});

test('of containers it is shown how they are unlocked and what they belong to', () => {
  const details = { protectors: ['TPM', 'recovery password'], encryption: 'AES-128-XTS' };
  const locked = partition(1, { fileSystem: { kind: 'bitlocker', state: 'unknown', details } });
  const member = partition(2, {
    fileSystem: { kind: 'md', state: 'unknown', details: { level: 1, alsoSeen: ['ext4'] } },
  });
  const dynamic = partition(3, {
    fileSystem: { kind: 'ldm', state: 'unknown', details: { diskGroup: 'Dg0', volumes: ['A', 'B'] } },
  });
  const lines = diskLines(disk(locked, member, dynamic), 200);
  assert.ok(
    lines.includes(
      '      type 1, named “Root”, unlocked by TPM, recovery password, encrypted with AES-128-XTS',
    ),
  );
  assert.ok(lines.includes('      type 2, RAID level 1, also looks like ext4'));
  assert.ok(lines.includes('      type 3, volumes A, B, disk group Dg0'));
});

test('a bitmap that was trusted is said to be', () => {
  const overridden = { code: 'dirty', reason: 'its log is not empty' } as const;
  const text = diskLines(disk(partition(1, { overridden })), 200).join('\n');
  assert.match(text, /partition 1: its bitmap is trusted, as asked, although: its log is not empty\./);
});

test('no line is longer than the screen, but for rows of the table', () => {
  const lines = diskLines(disk(clean, asleep), 60);
  for (const line of lines.filter((l) => !/^ {2}(REGION|partition \d {2})/.test(l)))
    assert.ok(line.length <= 60, line);
});

test('a plan ends with what a clean shutdown would save in all', () => {
  const plan = {
    job: { kind: 'image', sources: ['disk.img'], repository: 'repo' },
    digest: '0123',
    summary: 'Save an image.',
    disks: [disk(clean, asleep)],
    readBytes: 140 * MIB,
    writeBytes: 0,
    warnings: [],
    refusals: [],
  } as const;
  const lines = planLines(plan, 100);
  assert.ok(lines.includes('70.0 MiB less after a clean shutdown: see above what to do'));
  assert.doesNotMatch(planLines({ ...plan, disks: [disk(clean)] }, 100).join('\n'), /clean shutdown/);
});

test('limits of a disk stand above everything else of it, also of a target', () => {
  const limited = {
    ...disk(clean),
    limits: [{ kind: 'failing' }, { kind: 'hpa', hiddenBytes: 512, wholeBytes: 1024 }],
  } as const;
  const [, first, second] = diskLines(limited, 400);
  assert.match(first!, /^ {2}WARNING: The disk itself says \(SMART\) that it is failing/);
  assert.match(second!, /^ {2}WARNING: A host protected area hides 512 of the 1024 bytes/);
  const plan = {
    job: { kind: 'clone', source: 'a', targets: ['b'] },
    digest: '0123',
    summary: 'Clone.',
    source: limited,
    disks: [limited],
    readBytes: 1,
    writeBytes: 1,
    warnings: [],
    refusals: [],
  } as const;
  const said = planLines(plan, 400).filter((line) => line.includes('WARNING'));
  assert.equal(said.length, 4);
});

test('a plan says each of its warnings once, with its disk or at the end', () => {
  const warned = {
    ...disk({ ...partition(1, {}), warnings: [asIs('Shadow copies.')] }),
    warnings: [asIs('The table is odd.')],
  };
  const plan = {
    job: { kind: 'restore', repository: '/r', image: 'latest', targets: [{ target: 'b' }] },
    digest: '0123',
    summary: 'Restore.',
    disks: [warned],
    readBytes: 1,
    writeBytes: 1,
    warnings: ['The table is odd.', 'partition 1: Shadow copies.', '/dev/sdb has the same identifiers.'].map(
      asIs,
    ),
    refusals: [],
  } as const;
  const text = planLines(plan, 200).join('\n');
  for (const warning of ['The table is odd', 'Shadow copies', 'Note: /dev/sdb has the same identifiers'])
    assert.equal(text.split(warning).length, 2, warning);
});
