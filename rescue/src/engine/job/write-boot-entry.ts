/**
 * Lets this machine start a disk that was just written: fallback loader and boot entry, as planned. Whatever fails
 * here is a sentence with a remedy: the disk itself is complete. What is said to be done was read back.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subReader } from '../base/block-reader.ts';
import { isPermafrostError, errorWords } from '../base/errors.ts';
import { hasEntry, type BootEntryPlan, type PlannedEntry } from '../boot/boot-entry.ts';
import type { OpenDisk } from '../device/device.ts';
import { readFirmware } from '../device/firmware.ts';
import { runProgram } from '../device/run-program.ts';
import { fatFiles } from '../filesystem/fat/fat-files.ts';
import type { Partition } from '../partition/partition-table.ts';
import { readTable } from '../partition/table.ts';
import { flush } from './target-steps.ts';
import { asIs, type Said, say } from '../base/remarks.ts';

const LIMIT_MS = 60_000;
const MAX_LOADER_BYTES = 64 * 1024 * 1024;

/** Does what `plan` says for `disk`, open and written; what could not be done, as sentences. */
export async function writeBootEntry(
  disk: OpenDisk,
  plan: BootEntryPlan,
  sectorSize: number,
): Promise<Said[]> {
  const { path } = disk.identity;
  const table = await readTable(disk.reader, { sectorSize });
  const partition = table.partitions.find(({ partitionId }) => partitionId === plan.partitionId);
  if (partition === undefined) return [say('start/no-entry', { path })];
  const warnings: Said[] = [];
  if (plan.fallback.length > 0) {
    const problem = await writeFallback(disk, plan, partition);
    if (problem !== undefined)
      warnings.push(say('start/no-fallback', { path, problem, ...plan.fallback[0]! }));
  }
  for (const entry of plan.entries) {
    const problem = await writeEntry(path, partition.number, plan.partitionId, entry);
    if (problem !== undefined)
      warnings.push(
        say('start/entry-not-written', {
          label: entry.label,
          problem,
          path,
          command: createCommand(path, partition.number, entry).join(' '),
        }),
      );
  }
  return warnings;
}

function createCommand(path: string, number: number, { label, loader }: PlannedEntry): string[] {
  return [
    'efibootmgr',
    '--create',
    '--disk',
    path,
    '--part',
    String(number),
    '--label',
    `"${label}"`,
    '--loader',
    `'${loader}'`,
  ];
}

async function writeEntry(
  path: string,
  number: number,
  partitionId: string,
  { label, loader, action, number: entry }: PlannedEntry,
): Promise<Said | undefined> {
  if (action === 'there') return undefined;
  const args =
    action === 'activate'
      ? ['--bootnum', entry!.toString(16).toUpperCase().padStart(4, '0'), '--active']
      : ['--create', '--disk', path, '--part', String(number), '--label', label, '--loader', loader];
  const { code, problem } = await runProgram({
    program: 'efibootmgr',
    args: ['--quiet', ...args],
    limitMs: LIMIT_MS,
  });
  if (code !== 0) return failedTool('efibootmgr', code, problem);
  return hasEntry(await readFirmware(), partitionId, loader) ? undefined : say('start/firmware-forgot');
}

/** Copies the loaders within the FAT of `partition`, with mtools on a loop device of its own, and reads them back. */
async function writeFallback(
  disk: OpenDisk,
  { fallback }: BootEntryPlan,
  { start, length }: Partition,
): Promise<Said | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-esp-'));
  const span = ['--offset', String(start), '--sizelimit', String(length)];
  const attached = await run('losetup', ['--find', '--show', ...span, disk.identity.path]);
  try {
    if ('problem' in attached) return attached.problem;
    const device = attached.stdout;
    try {
      const reader = (): typeof disk.reader =>
        subReader(disk.reader, start, length, `${disk.identity.path} EFI`);
      const files = await fatFiles(reader());
      if (files === undefined) return say('start/no-fat');
      if ((await files.find('/EFI/BOOT')) === undefined) {
        const made = await run('mmd', ['-D', 's', '-i', device, '::/EFI/BOOT']);
        if ('problem' in made) return made.problem;
      }
      const written: { to: string; bytes: Uint8Array }[] = [];
      for (const { from, to } of fallback) {
        const bytes = await files.readFile(from, MAX_LOADER_BYTES);
        if (bytes === undefined) return say('start/file-missing', { path: from });
        const copy = join(folder, 'loader');
        await writeFile(copy, bytes);
        const copied = await run('mcopy', ['-n', '-D', 's', '-i', device, copy, `::${to}`]);
        if ('problem' in copied) return copied.problem;
        written.push({ to, bytes });
      }
      await run('blockdev', ['--flushbufs', device]);
      await flush(disk.file);
      const now = await fatFiles(reader());
      for (const { to, bytes } of written) {
        const there = await now?.readFile(to, MAX_LOADER_BYTES);
        if (there === undefined || Buffer.compare(there, bytes) !== 0)
          return say('start/not-written', { path: to });
      }
      return undefined;
    } finally {
      await run('losetup', ['--detach', device]);
    }
  } catch (error) {
    if (!isPermafrostError(error) || error.code === 'job/cancelled') throw error;
    return errorWords(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(
  program: string,
  args: readonly string[],
): Promise<{ stdout: string } | { problem: Said }> {
  // mtools asks nobody where it cannot, and takes what is no floppy disk as it is.
  const env = { MTOOLS_SKIP_CHECK: '1' };
  const { code, stdout, problem } = await runProgram({ program, args, env, limitMs: LIMIT_MS });
  if (code === 0) return { stdout };
  return { problem: failedTool(program, code, problem) };
}

/** What it said last, or that it failed. */
function failedTool(tool: string, code: number, said: string): Said {
  if (said !== '') return asIs(said.split('\n').at(-1)!);
  return say('tool/failed-with', { tool, exit: String(code) });
}
