/** What an earlier use left at the ends of partitions is gone after a restore, a clone, and single partitions. */
import assert from 'node:assert/strict';
import { copyFile, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { scratchFolder } from '../support/scratch.ts';
import { layout, makeDisk, permafrost } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const [, ext4] = layout;
const START = ext4.startMiB * MIB;
const LENGTH = ext4.sizeMiB * MIB;

/** A superblock of Linux MD, version 1.0, as a member of `sectors` has it at `sector` (md-superblock, struct mdp_superblock_1). */
function raidSuperblock(sector: number): Buffer {
  const bytes = Buffer.alloc(256);
  bytes.writeUInt32LE(0xa92b4efc, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.fill(0x5a, 16, 32); // the array's UUID
  bytes.write('old:0', 32, 'latin1');
  bytes.writeUInt32LE(1, 72); // level
  bytes.writeBigUInt64LE(BigInt(sector), 80); // size
  bytes.writeUInt32LE(2, 92); // disks
  bytes.writeBigUInt64LE(BigInt(sector), 136); // data size
  bytes.writeBigUInt64LE(BigInt(sector), 144); // where it is itself
  let sum = 0n;
  for (let at = 0; at < 256; at += 4) sum += BigInt(bytes.readUInt32LE(at));
  bytes.writeUInt32LE(Number((sum & 0xffffffffn) + (sum >> 32n)), 216);
  return bytes;
}

/** `disk` with what makes its ext4 partition a member of an array at a glance. */
async function makeMember(disk: string): Promise<void> {
  const file = await open(disk, 'r+');
  const at = LENGTH - 8 * KIB;
  await file.write(raidSuperblock(at / 512), 0, 256, START + at);
  await file.close();
}

async function typeOf(disk: string): Promise<string> {
  const place = ['--offset', String(START), '--size', String(LENGTH)];
  return (await run('blkid', ['-p', ...place, '-o', 'value', '-s', 'TYPE', disk])).stdout.trim();
}

async function copy(disk: string, name: string): Promise<string> {
  const path = join(dirname(disk), name);
  await copyFile(disk, path);
  return path;
}

async function source(t: TestContext): Promise<{ folder: string; disk: string; member: string }> {
  const folder = await scratchFolder(t);
  const disk = await makeDisk(folder);
  const member = await copy(disk, 'member.img');
  await makeMember(member);
  assert.equal(await typeOf(disk), 'ext4');
  assert.equal(await typeOf(member), 'linux_raid_member', 'what is left over shows');
  return { folder, disk, member };
}

test('a restore leaves no member of an array', async (t) => {
  const { folder, disk, member } = await source(t);
  const repo = join(folder, 'repository');
  await permafrost(['image', disk, '--repo', repo]);
  const before = await copy(member, 'before.img');
  await permafrost(['restore', 'latest', member, '--repo', repo, '--yes']);
  assert.equal(await typeOf(member), 'ext4');
  await permafrost(['restore', 'latest', before, '--repo', repo, '--partition', '2', '--yes']);
  assert.equal(await typeOf(before), 'ext4');
});

test('a clone leaves no member of an array', async (t) => {
  const { disk, member } = await source(t);
  await permafrost(['clone', disk, member, '--yes']);
  assert.equal(await typeOf(member), 'ext4');
});
