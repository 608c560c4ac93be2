/** What the parts of the demo have in common: how they talk to the reader, and the verdict on the restored disk. */
import { differingFiles, type DiskProof } from './demo-proof.ts';

export const bold = (text: string): string => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
export const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;

let step = 0;
/** Begins the next step of the story. */
export function heading(text: string): void {
  console.log(`\n${bold(`${++step}. ${text}`)}`);
}

/** Lists the partitions of a disk that was just made; throws if the demo itself has made an unsound one. */
export function describeDisk(proof: DiskProof): void {
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
}

/** Checks that other tools make, shown as they are made, and counted. */
export class Verdicts {
  passed = 0;
  failed = 0;

  /** One check; `problem` is what is wrong, undefined if nothing is. */
  add(what: string, problem: string | undefined): void {
    if (problem === undefined) this.passed++;
    else this.failed++;
    console.log(
      `   ${problem === undefined ? '✔' : '✖'} ${what}${problem === undefined ? '' : `: ${problem}`}`,
    );
  }

  /** Says of every part of a disk whether it is what it was. */
  compare(before: DiskProof, after: DiskProof): void {
    this.add(
      'the partition table is the same (sfdisk)',
      before.table === after.table ? undefined : after.table,
    );
    before.partitions.forEach((was, index) => {
      const is = after.partitions[index]!;
      const name = `${was.partition.number} ${was.partition.kind.padEnd(5)}`;
      this.add(`${name} is sound (${is.checker})`, is.fault);
      if (was.partition.kind === 'swap') {
        this.add(`${name} has the same header`, was.stream === is.stream ? undefined : 'it differs');
        return;
      }
      const different = differingFiles(was.files, is.files);
      this.add(
        `${name} all ${was.files.size} files and folders are the same (SHA-256)`,
        different.length > 0
          ? `different: ${different.join(', ')}`
          : was.files.size === 0
            ? 'there are none'
            : undefined,
      );
      this.add(
        `${name} every used block is the same (partclone)`,
        was.stream === is.stream ? undefined : 'the streams of partclone differ',
      );
    });
  }

  /** Ends the demo: throws if a check failed, and else says that it went well. */
  conclude(started: number): void {
    const { passed, failed } = this;
    if (failed > 0)
      throw new Error(`the restored disk is NOT the same: ${failed} of ${passed + failed} checks failed`);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `\n${bold(`The restored disk is the same: ${passed} checks by other tools passed, 0 failed`)} (${seconds} s).`,
    );
  }
}

/** Runs a part of the demo; what it throws is its failure. */
export async function runDemo(part: () => Promise<void>): Promise<void> {
  try {
    await part();
  } catch (error) {
    console.log(`\n${bold('The demo FAILED')}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
