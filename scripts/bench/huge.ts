/** A disk of 16 TB with 1 TB in use, which fits nowhere: a sparse file whose used bytes are allocated and never written. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT, type Bench } from './race.ts';
import { change } from './sources.ts';

const SIZE_BYTES = 16e12;
const FILES = 1000;
const FILE_BYTES = 1e9;

export interface HugeRow {
  readonly planSeconds: number;
  readonly planPeakBytes: number;
  readonly imageSeconds: number;
  readonly imagePeakBytes: number;
  readonly manifestBytes: number;
}

/** Plans and images it. Takes minutes. */
export function huge(bench: Bench, permafrost: string): HugeRow {
  bench.shell(
    `truncate -s ${SIZE_BYTES} huge.img; mke2fs -q -F -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 huge.img`,
  );
  change(
    bench,
    'huge.img',
    `for i in $(seq ${FILES}); do fallocate -l ${FILE_BYTES} file$i; done; head -c 200M /dev/urandom > noise`,
  );
  const image = `${permafrost} image huge.img --repo huge`;
  const plan = bench.time(`${image} --dry-run >/dev/null 2>&1`);
  console.log(`huge: plan ${plan.seconds.toFixed(1)} s, ${(plan.peakBytes / 1e6).toFixed(0)} MB`);
  const run = bench.time(`${image} --json >${REPORT} 2>/dev/null`);
  const images = join(bench.folder, 'huge/images');
  const manifestBytes = Math.max(...readdirSync(images).map((name) => statSync(join(images, name)).size));
  console.log(
    `huge: image ${run.seconds.toFixed(1)} s, ${(run.peakBytes / 1e6).toFixed(0)} MB, manifest ${manifestBytes} bytes`,
  );
  bench.shell('rm -rf huge.img huge');
  return {
    planSeconds: plan.seconds,
    planPeakBytes: plan.peakBytes,
    imageSeconds: run.seconds,
    imagePeakBytes: run.peakBytes,
    manifestBytes,
  };
}
