/** A small real disk, the command line as a user runs it, and what must hold after a round trip. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskPlan, Report } from '../../src/engine/index.ts';
import { Extents } from '../../src/engine/base/extents.ts';
import { run } from '../support/command.ts';
import { program } from '../support/program.ts';
import { noise, overwriteUnused, sparseFile } from '../support/scratch.ts';

const MIB = 1024 * 1024;

/** Partitions of the small disk, in MiB. */
export const layout = [
  { number: 1, name: 'fat', startMiB: 1, sizeMiB: 16 },
  { number: 2, name: 'ext4', startMiB: 17, sizeMiB: 40 },
  { number: 3, name: 'swap', startMiB: 57, sizeMiB: 4 },
] as const;
export const DISK_MIB = 64;

/** A GPT disk of 64 MiB with FAT16, ext4 and swap, real files in both, noise in what is unused. */
export async function makeDisk(
  folder: string,
  name = 'disk.img',
  options: { seed?: number } = {},
): Promise<string> {
  const { seed = 1 } = options;
  const path = await sparseFile(join(folder, name), DISK_MIB * MIB);
  const script = layout.map(
    ({ startMiB, sizeMiB }) => `start=${startMiB * 2048}, size=${sizeMiB * 2048}, type=L`,
  );
  await run('sfdisk', ['--quiet', path], { input: ['label: gpt', ...script].join('\n') });
  const files = join(folder, `${name}.files`);
  await makeFiles(files, seed);
  const [fat, ext4, swap] = layout.map((part) => join(folder, `${name}.${part.name}`));
  await sparseFile(fat!, 16 * MIB);
  await run('mkfs.vfat', ['-F', '16', '-n', 'SMALL', fat!]);
  await run('mcopy', ['-s', '-i', fat!, join(files, 'letters'), '::']);
  await sparseFile(ext4!, 40 * MIB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'small', '-d', files, ext4!]);
  await sparseFile(swap!, 4 * MIB);
  await run('mkswap', [swap!]);
  for (const [i, part] of [fat, ext4, swap].entries())
    await run('dd', [
      `if=${part!}`,
      `of=${path}`,
      'bs=1M',
      `seek=${layout[i]!.startMiB}`,
      'conv=notrunc,sparse',
      'status=none',
    ]);
  const disk = await inspect(path);
  for (const { start, length, used } of disk.regions)
    await overwriteUnused(path, length, Extents.fromPairs(used!), start, seed + 100);
  return path;
}

async function makeFiles(folder: string, seed: number): Promise<void> {
  await mkdir(join(folder, 'letters'), { recursive: true });
  for (let i = 0; i < 40; i++)
    await writeFile(join(folder, 'letters', `letter-${i}.txt`), `Letter ${i + seed}\n`.repeat(50 + 97 * i));
  await writeFile(join(folder, 'photograph.raw'), noise(6 * MIB, seed));
  const sparse = await open(join(folder, 'sparse'), 'w');
  await sparse.write(noise(4096, seed + 1), 0, 4096, 3 * MIB);
  await sparse.truncate(8 * MIB);
  await sparse.close();
}

/** Changes some files of the ext4 partition, as a day's work would. */
export async function changeDisk(path: string, folder: string): Promise<void> {
  const part = join(folder, 'changed.ext4');
  const { startMiB, sizeMiB } = layout[1];
  await run('dd', [
    `if=${path}`,
    `of=${part}`,
    'bs=1M',
    `skip=${startMiB}`,
    `count=${sizeMiB}`,
    'status=none',
  ]);
  const added = join(folder, 'added');
  await writeFile(added, noise(700_000, 55));
  await run('debugfs', ['-w', '-R', `write ${added} added-file`, part]);
  await run('debugfs', ['-w', '-R', 'rm letters/letter-3.txt', part]);
  await run('dd', [`if=${part}`, `of=${path}`, 'bs=1M', `seek=${startMiB}`, 'conv=notrunc', 'status=none']);
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** JSON lines, where --json was given. */
  readonly events: readonly ({ type: string } & Record<string, unknown>)[];
  readonly report: Report;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed; default nothing at all. */
  readonly input?: string;
}

/** Starts the command line. */
export function start(
  args: readonly string[],
  { env = {}, input }: StartOptions = {},
): {
  child: ChildProcess;
  ended: Promise<CliResult>;
} {
  const child = spawn(program[0], [...program.slice(1), ...args], {
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  }) as ChildProcessWithoutNullStreams;
  if (input !== undefined) child.stdin.on('error', () => undefined).end(input);
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (texts.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()));
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const events = args.includes('--json') ? parseLines(texts.stdout) : [];
      const report = events.findLast(({ type }) => type === 'report') as unknown as Report;
      resolve({ code, ...texts, events, report });
    });
  });
  return { child, ended };
}

function parseLines(stdout: string): CliResult['events'] {
  return stdout.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as { type: string } & Record<string, unknown>];
    } catch {
      return []; // The last line of a killed process may be cut.
    }
  });
}

/** Runs the command line to its end; fails with its output if the exit code is not `code`. */
export async function permafrost(
  args: readonly string[],
  code = 0,
  options: StartOptions = {},
): Promise<CliResult> {
  const result = await start(args, options).ended;
  assert.equal(
    result.code,
    code,
    `permafrost ${args.join(' ')}\n${result.stdout.slice(-4000)}${result.stderr}`,
  );
  return result;
}

export async function inspect(path: string): Promise<DiskPlan> {
  const { events } = await permafrost(['inspect', path, '--json', '--ranges']);
  return events[0] as unknown as DiskPlan;
}

/** SHA-256 over the bytes of `path` that `disk` calls used. */
export async function usedDigest(path: string, disk: DiskPlan): Promise<string> {
  const bytes = await readFile(path);
  const hash = createHash('sha256');
  for (const { start, used } of disk.regions)
    for (const [offset, length] of used!)
      hash.update(bytes.subarray(start + offset, start + offset + length));
  return hash.digest('hex');
}

/** The target holds all that matters of the source, by our own eyes and by those of tools we did not write. */
export async function assertRestored(source: string, target: string, folder: string): Promise<void> {
  const disk = await inspect(source);
  assert.equal(await usedDigest(target, disk), await usedDigest(source, disk));
  await run('sfdisk', ['--verify', target]);
  const parts = async (path: string): Promise<string[]> => {
    const outputs: string[] = [];
    for (const { name, startMiB, sizeMiB } of layout.slice(0, 2)) {
      const part = join(folder, `check.${name}`);
      await run('dd', [
        `if=${path}`,
        `of=${part}`,
        'bs=1M',
        `skip=${startMiB}`,
        `count=${sizeMiB}`,
        'status=none',
      ]);
      await run(name === 'fat' ? 'fsck.vfat' : 'e2fsck', [name === 'fat' ? '-n' : '-fn', part]);
      const stream = join(folder, `check.${name}.partclone`);
      await run(`partclone.${name === 'fat' ? 'vfat' : 'ext4'}`, [
        '-c',
        '-s',
        part,
        '-O',
        stream,
        '-L',
        join(folder, 'log'),
      ]);
      outputs.push(
        createHash('sha256')
          .update(await readFile(stream))
          .digest('hex'),
      );
    }
    return outputs;
  };
  assert.deepEqual(await parts(target), await parts(source));
}

/** A copy of a repository that a test may damage. */
export async function copyRepository(repository: string, to: string): Promise<string> {
  await cp(repository, to, { recursive: true });
  return to;
}
