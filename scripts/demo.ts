/**
 * `make demo`: makes a disk, images it, changes it, images it again, wipes it, restores it, and has other tools
 * say whether it is the same. Everything stays in build/demo to look at. Exit code 1 if anything is not equal.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../rescue/test/support/command.ts';
import { changeDemoDisk, fillFile, makeDemoDisk, type DemoDisk } from '../rescue/test/support/demo-disk.ts';
import { differingFiles, proveDisk, type DiskProof } from './demo-proof.ts';

const folder = 'build/demo';
const disk = join(folder, 'disk.img');
const repository = join(folder, 'repository');
const work = join(folder, 'work');
const program = 'dist/permafrost';

const bold = (text: string): string => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;

let step = 0;
function heading(text: string): void {
  console.log(`\n${bold(`${++step}. ${text}`)}`);
}

/** Runs one command of Permafrost in full view; any exit code but 0 ends the demo. */
async function permafrost(...args: readonly string[]): Promise<void> {
  console.log(`\n${bold(`$ ${program} ${args.join(' ')}`)}`);
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code !== 0)
    throw new Error(`${program} ${args[0] ?? ''} ended with ${signal ?? `exit code ${code ?? -1}`}`);
}

async function repositoryBytes(): Promise<number> {
  return Number((await run('du', ['--summarize', '--bytes', repository])).stdout.split('\t')[0]);
}

let passed = 0;
let failed = 0;
function verdict(what: string, problem: string | undefined): void {
  if (problem === undefined) passed++;
  else failed++;
  console.log(
    `   ${problem === undefined ? '✔' : '✖'} ${what}${problem === undefined ? '' : `: ${problem}`}`,
  );
}

/** Says of every part of the disk whether it is what it was. */
function compare(before: DiskProof, after: DiskProof): void {
  verdict('the partition table is the same (sfdisk)', before.table === after.table ? undefined : after.table);
  before.partitions.forEach((was, index) => {
    const is = after.partitions[index]!;
    const name = `${was.partition.number} ${was.partition.kind.padEnd(5)}`;
    verdict(`${name} is sound (${is.checker})`, is.fault);
    if (was.partition.kind === 'swap') {
      verdict(`${name} has the same header`, was.stream === is.stream ? undefined : 'it differs');
      return;
    }
    const different = differingFiles(was.files, is.files);
    verdict(
      `${name} all ${was.files.size} files and folders are the same (SHA-256)`,
      different.length > 0
        ? `different: ${different.join(', ')}`
        : was.files.size === 0
          ? 'there are none'
          : undefined,
    );
    verdict(
      `${name} every used block is the same (partclone)`,
      was.stream === is.stream ? undefined : 'the streams of partclone differ',
    );
  });
}

function describe(made: DemoDisk, proof: DiskProof): void {
  for (const { partition, files } of proof.partitions) {
    const size = `${partition.sizeBytes / 2 ** 20} MiB`.padStart(8);
    console.log(
      `   ${partition.number}  ${partition.kind.padEnd(6)}${size}  ${partition.label.padEnd(10)}${files.size === 0 ? '' : ` ${files.size} files and folders`}`,
    );
  }
  console.log(`   Free space is full of noise: what no file uses must not cost anything in the image.`);
  for (const { partition, fault, checker } of proof.partitions) {
    if (fault !== undefined)
      throw new Error(`the demo's own partition ${partition.number}: ${checker}: ${fault}`);
  }
  if (made.partitions.length !== proof.partitions.length) throw new Error('a partition is missing');
}

async function main(): Promise<void> {
  const started = performance.now();
  await rm(folder, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < 3e9)
    throw new Error(`the demo needs 3 GB of free disk space; ${MB(bavail * bsize)} are free`);

  console.log(bold('A disk is imaged, changed, imaged again, wiped, and restored.'));

  heading('Making a disk like one that people have');
  const made = await makeDemoDisk(disk, work);
  const monday = await proveDisk(made, work);
  console.log(
    `   ${disk}, ${MB((await stat(disk)).size)}, with a GPT and ${made.partitions.length} partitions:`,
  );
  describe(made, monday);

  heading('What Permafrost sees');
  await permafrost('inspect', disk);

  heading('Monday: an image of the whole disk, first as a plan that writes nothing, then for real');
  await permafrost('image', disk, '--repo', repository, '--name', 'monday', '--dry-run');
  await permafrost('image', disk, '--repo', repository, '--name', 'monday');
  const firstBytes = await repositoryBytes();
  console.log(`\n   The image of a ${MB(made.sizeBytes)} disk takes ${MB(firstBytes)}.`);

  heading('A day passes: files are written, changed and removed on every file system');
  await changeDemoDisk(made, work);
  const tuesday = await proveDisk(made, work);
  monday.partitions.forEach((was, index) => {
    const is = tuesday.partitions[index]!;
    if (was.partition.kind === 'swap') return;
    const paths = new Set([...was.files.keys(), ...is.files.keys()]);
    const changed = [...paths].filter((path) => was.files.get(path) !== is.files.get(path)).length;
    console.log(
      `   ${was.partition.number}  ${was.partition.kind.padEnd(6)} ${changed} files or folders differ`,
    );
    if (changed === 0) throw new Error(`nothing changed on partition ${was.partition.number}`);
  });

  heading('Tuesday: a second image, full like the first, that costs only what changed');
  await permafrost('image', disk, '--repo', repository, '--name', 'tuesday');
  const growth = (await repositoryBytes()) - firstBytes;
  console.log(
    `\n   The repository grew by ${MB(growth)}, ${((100 * growth) / firstBytes).toFixed(0)} % of the first image.`,
  );
  await permafrost('images', '--repo', repository);

  heading(
    'Is it all there? Every chunk is read back, by a second decoder that shares no code with the first',
  );
  await permafrost('verify', '--repo', repository, '--independent');

  heading('Disaster: the whole disk is overwritten with noise');
  await fillFile(disk, 0, made.sizeBytes / 2 ** 20, 99);
  await permafrost('inspect', disk);

  heading('Tuesday is restored: again the plan first');
  await permafrost('restore', 'tuesday', disk, '--repo', repository, '--dry-run');
  await permafrost('restore', 'tuesday', disk, '--repo', repository, '--yes');

  heading('Is it the same disk? Other tools say');
  compare(tuesday, await proveDisk(made, work));

  heading('Back to Monday: only what differs is written');
  await permafrost('restore', 'monday', disk, '--repo', repository, '--delta', '--yes');
  compare(monday, await proveDisk(made, work));

  await rm(work, { recursive: true });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  if (failed > 0)
    throw new Error(`the restored disk is NOT the same: ${failed} of ${passed + failed} checks failed`);
  console.log(
    `\n${bold(`The restored disk is the same: ${passed} checks by other tools passed, 0 failed`)} (${seconds} s).`,
  );
  console.log(`Look around in ${folder}; \`make clean\` removes it.`);
}

try {
  await main();
} catch (error) {
  console.log(`\n${bold('The demo FAILED')}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
