/**
 * `make demo-cli`, the first part of `make demo`: makes a disk, images it, changes it, images it again, wipes it,
 * restores it, and has other tools say whether it is the same. Everything stays in build/demo to look at. Exit code 1
 * if anything is not equal.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../rescue/test/support/command.ts';
import { changeDemoDisk, fillFile, makeDemoDisk } from '../rescue/test/support/demo-disk.ts';
import { proveDisk } from './demo-proof.ts';
import { bold, describeDisk, heading, MB, runDemo, Verdicts } from './demo-show.ts';

const folder = 'build/demo';
const disk = join(folder, 'disk.img');
const repository = join(folder, 'repository');
const work = join(folder, 'work');
const program = 'dist/permafrost';

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

async function main(): Promise<void> {
  const started = performance.now();
  const verdicts = new Verdicts();
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
  describeDisk(monday);

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
  verdicts.compare(tuesday, await proveDisk(made, work));

  heading('Back to Monday: only what differs is written');
  await permafrost('restore', 'monday', disk, '--repo', repository, '--delta', '--yes');
  verdicts.compare(monday, await proveDisk(made, work));

  await rm(work, { recursive: true });
  verdicts.conclude(started);
  console.log(`Look around in ${folder}; \`make clean\` removes it.`);
}

await runDemo(main);
