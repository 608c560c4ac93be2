/** Gives a file system on a target a new identifier, unmounted, with the tool that its makers give out. */
import { type Said, say } from '../base/remarks.ts';
import { randomBytes, randomUUID } from 'node:crypto';
import { subReader } from '../base/block-reader.ts';
import type { OpenDisk } from '../device/device.ts';
import { toolFailure } from './file-system-tools.ts';
import { runProgram } from '../device/run-program.ts';
import { parseFatBootSector } from '../filesystem/fat/boot-sector.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import { identifyRegion } from '../filesystem/probe-region.ts';
import type { Span } from '../partition/plan-layout.ts';
import { flush, writePatches } from './target-steps.ts';

/** All metadata of a large ext4 gets new checksums: it takes the time that it takes. */
const LIMIT_MS = 12 * 3600_000;
const SECTOR = 512;
const FAT_SERIAL_OFFSET = 0x27;
const FAT32_SERIAL_OFFSET = 0x43;
const FAT32_BACKUP_OFFSET = 0x32;

interface Step {
  readonly program: string;
  readonly args: readonly string[];
  readonly accept?: readonly number[];
}

type Recipe = (device: string, id: string) => { before: readonly Step[]; renew: Step; check?: Step };

const ext: Recipe = (device, id) => ({
  before: [{ program: 'e2fsck', args: ['-f', '-p', device], accept: [0, 1] }],
  renew: { program: 'tune2fs', args: ['-U', id, device] },
  check: { program: 'e2fsck', args: ['-f', '-n', device] },
});

const recipes: Partial<Readonly<Record<FileSystemKind, Recipe>>> = {
  ext2: ext,
  ext3: ext,
  ext4: ext,
  xfs: (device, id) => ({
    before: [{ program: 'xfs_repair', args: ['-n', device] }],
    renew: { program: 'xfs_admin', args: ['-U', id, device] },
    check: { program: 'xfs_repair', args: ['-n', device] },
  }),
  btrfs: (device, id) => ({
    before: [{ program: 'btrfs', args: ['check', '--readonly', device] }],
    // By the field that is meant for it: every block of metadata would be written otherwise.
    renew: { program: 'btrfstune', args: ['-f', '-M', id, device] },
    check: { program: 'btrfs', args: ['check', '--readonly', device] },
  }),
  swap: (device, id) => ({ before: [], renew: { program: 'swaplabel', args: ['-U', id, device] } }),
  luks: (device, id) => ({
    before: [{ program: 'cryptsetup', args: ['isLuks', device] }],
    renew: { program: 'cryptsetup', args: ['--batch-mode', 'luksUUID', '--uuid', id, device] },
    check: { program: 'cryptsetup', args: ['luksDump', device] },
  }),
  ntfs: (device, id) => ({
    before: [{ program: 'ntfsfix', args: ['--no-action', device] }],
    renew: { program: 'ntfslabel', args: [`--new-serial=${id}`, device] },
    check: { program: 'ntfsfix', args: ['--no-action', device] },
  }),
  exfat: (device, id) => ({
    before: [{ program: 'fsck.exfat', args: ['-n', device] }],
    renew: { program: 'tune.exfat', args: ['-I', `0x${id.replace('-', '')}`, device] },
    check: { program: 'fsck.exfat', args: ['-n', device] },
  }),
};

/** A new identifier of the form that a `kind` has, as blkid prints it. */
export function newFileSystemId(kind: FileSystemKind): string {
  if (kind === 'ntfs') return randomBytes(8).toString('hex').toUpperCase();
  if (kind === 'exfat' || kind.startsWith('fat'))
    return randomBytes(4)
      .toString('hex')
      .toUpperCase()
      .replace(/^(.{4})/, '$1-');
  return randomUUID();
}

export interface Renewal {
  readonly kind: FileSystemKind;
  /** The region on the disk, in bytes. */
  readonly span: Span;
  /** Logical sector size of the disk's table, in bytes. */
  readonly sectorSize: number;
  readonly from: string;
  readonly to: string;
}

/**
 * Does it on `disk`, open and written. `undefined` if the file system has the new identifier now, and its checker is
 * content; else what went wrong, and whether it still has the old one.
 */
export async function renewFileSystem(
  disk: OpenDisk,
  renewal: Renewal,
): Promise<{ readonly problem: Said; readonly hasOld: boolean } | undefined> {
  const { kind, span, from, to } = renewal;
  const problem = kind.startsWith('fat') ? await renewFat(disk, renewal) : await withTool(disk, renewal);
  await flush(disk.file);
  await disk.file.dropCache();
  const view = subReader(disk.reader, span.start, span.length, `${disk.identity.path} ${kind}`);
  const { uuid } = await identifyRegion({ ...view, sectorSize: renewal.sectorSize });
  if (problem === undefined && uuid?.toLowerCase() === to.toLowerCase()) return undefined;
  return {
    problem:
      problem ?? (uuid === undefined ? say('new-ids/has-none') : say('new-ids/has-other', { id: uuid })),
    hasOld: uuid?.toLowerCase() === from.toLowerCase(),
  };
}

async function withTool(disk: OpenDisk, { kind, span, sectorSize, to }: Renewal): Promise<Said | undefined> {
  return withLoop(disk, span, sectorSize, async (device) => {
    const { before, renew, check } = recipes[kind]!(device, to);
    for (const step of [...before, renew, ...(check === undefined ? [] : [check])]) {
      const problem = await run(step);
      if (problem !== undefined) return problem;
    }
    return undefined;
  });
}

/** Runs `work` on a loop device over a part of the disk, which is claimed as a whole; what went wrong, if anything. */
export async function withLoop(
  disk: OpenDisk,
  span: Span,
  sectorSize: number,
  work: (device: string) => Promise<Said | undefined>,
): Promise<Said | undefined> {
  await disk.file.dropCache();
  const { code, stdout, problem } = await runProgram({
    program: 'losetup',
    args: [
      ...['--find', '--show', '--sector-size', String(sectorSize)],
      ...['--offset', String(span.start), '--sizelimit', String(span.length), disk.identity.path],
    ],
    limitMs: LIMIT_MS,
  });
  if (code !== 0) return toolFailure('losetup', -1, problem);
  try {
    return await work(stdout);
  } finally {
    await runProgram({ program: 'blockdev', args: ['--flushbufs', stdout], limitMs: LIMIT_MS });
    await runProgram({ program: 'losetup', args: ['--detach', stdout], limitMs: LIMIT_MS });
  }
}

async function run({ program, args, accept = [0] }: Step): Promise<Said | undefined> {
  const { code, stdout, problem } = await runProgram({ program, args, limitMs: LIMIT_MS });
  if (accept.includes(code)) return undefined;
  const said = [problem, stdout].join('\n').trim().split('\n').slice(-3).join(' ').slice(0, 300);
  return toolFailure(program, code, said);
}

/** FAT's serial: in the boot sector, and in its copy where there is one. */
async function renewFat({ file, reader }: OpenDisk, { span, to }: Renewal): Promise<Said | undefined> {
  const sector = Buffer.from(await reader.read(span.start, SECTOR));
  const layout = parseFatBootSector(sector);
  if (layout?.serial === undefined || layout.problem !== undefined) return say('new-ids/no-serial');
  const is32 = layout.width === 32;
  const at = is32 ? FAT32_SERIAL_OFFSET : FAT_SERIAL_OFFSET;
  const old = Buffer.from(sector.subarray(at, at + 4));
  const serial = Buffer.from(to.replace('-', ''), 'hex').reverse();
  const patches = [];
  const backup = is32 ? sector.readUInt16LE(FAT32_BACKUP_OFFSET) * layout.sectorSize : 0;
  if (backup > 0 && backup + SECTOR <= span.length) {
    const copy = Buffer.from(await reader.read(span.start + backup, SECTOR));
    if (copy.subarray(at, at + 4).equals(old) && copy.readUInt16LE(510) === 0xaa55) {
      copy.set(serial, at);
      patches.push({ offset: span.start + backup, bytes: copy });
    }
  }
  sector.set(serial, at);
  await writePatches(file, [...patches, { offset: span.start, bytes: sector }]);
  return undefined;
}
