/**
 * Benchmarks against peers: every contestant does the same work on the same file system, in turn, round after
 * round, and ends with its data synced. Medians and ratios are printed and written to docs/.
 *
 * Usage: node scripts/bench/main.ts [ROUNDS] [GROUP...]   Groups: speed, clone, again, growth, huge; all if none is named.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clone } from './clone.ts';
import { growth, tenthImage, type GrowthRow } from './growth.ts';
import { huge, type HugeRow } from './huge.ts';
import { plot } from './plot.ts';
import { Bench } from './race.ts';
import { makeExt4 } from './sources.ts';
import { firstImage, memory, restore, secondImage } from './speed.ts';

const root = resolve(import.meta.dirname, '../..');
const permafrost = join(root, 'dist/permafrost');
const [rounds = '5', ...groups] = process.argv.slice(2);
const wants = (group: string): boolean => groups.length === 0 || groups.includes(group);

/** Attaches `image` read-only and writes the device's name to `file`. */
function attach(bench: Bench, image: string, file: string): void {
  bench.shell(`losetup --find --show --read-only ${image} > ${file}`);
}

/** `source.img`, and its used bytes in `used.bin`. */
function makeSource(bench: Bench): void {
  makeExt4(bench, 'source.img', 1100, 4);
  bench.shell('partclone.ext4 -c -a0 -s source.img -O used.bin -L log 2>/dev/null');
}

function speed(bench: Bench): void {
  makeSource(bench);
  attach(bench, 'source.img', 'loop');
  console.log(`${(bench.sizeOf('used.bin') / 1e9).toFixed(2)} GB used, ${rounds} rounds`);
  firstImage(bench, permafrost);
  restore(bench, permafrost, 'to the disk', '.');
  bench.shell('rm -f target.img; mkdir -p memory; mount -t tmpfs -o size=5G none memory');
  try {
    restore(bench, permafrost, 'to memory', 'memory');
  } finally {
    bench.shell('umount memory');
  }
  bench.shell('head -c 2G /dev/urandom > noise.img');
  memory(bench, permafrost);
  bench.shell(
    'losetup --detach $(cat loop); rm -rf loop noise.img wide repo borg restic *.zst *.fsa used.bin source.img',
  );
}

function again(bench: Bench): void {
  makeExt4(bench, 'large.img', 1100, 8);
  bench.shell('mount -o loop large.img mnt; head -c 2G /dev/urandom > mnt/noise; umount mnt');
  bench.shell('partclone.ext4 -c -a0 -s large.img -O large-used.bin -L log 2>/dev/null');
  attach(bench, 'large.img', 'large-loop');
  secondImage(bench, permafrost);
  bench.shell('rm -rf large large-borg large-restic large-used.bin');
}

const bench = new Bench(
  mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-bench-')),
  Number(rounds),
);
try {
  mkdirSync(join(bench.folder, 'cache'));
  if (wants('speed')) speed(bench);
  if (wants('clone')) {
    makeSource(bench);
    clone(bench, permafrost);
    bench.shell('rm -f source.img used.bin');
  }
  if (wants('again')) again(bench);
  let rows: GrowthRow[] = [];
  if (wants('growth')) {
    rows = growth(bench, permafrost);
    tenthImage(bench, permafrost);
  }
  const synthetic: HugeRow | undefined = wants('huge') ? huge(bench, permafrost) : undefined;
  const machine = { processor: cpus()[0]!.model, processors: cpus().length, date: new Date().toISOString() };
  const result = { machine, rounds: bench.rounds, results: bench.results, growth: rows, synthetic };
  const name = groups.length === 0 ? 'benchmarks' : `benchmarks-${groups.join('-')}`;
  const folder = groups.length === 0 ? join(root, 'docs') : tmpdir();
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.svg`), plot(bench.results));
  console.log(`Written: ${join(folder, name)}.json and .svg`);
} finally {
  bench.shell('for f in loop large-loop; do [ ! -e $f ] || losetup --detach $(cat $f) || true; done');
  rmSync(bench.folder, { recursive: true, force: true });
}
