/** The first image, the second of an unchanged disk, and restoring: seconds, sizes and memory beside the peers'. */
import { REPORT, type Bench, type Contestant } from './race.ts';

const borg = (repository: string): string => `BORG_REPO=$PWD/${repository} borg`;
const restic = (repository: string): string => `RESTIC_REPOSITORY=$PWD/${repository} restic -q`;

/** `source.img` into empty stores; leaves `repo` and `a.zst`. Wants `used.bin`, and a loop device's name in `loop`. */
export function firstImage(bench: Bench, permafrost: string): void {
  const partclone = 'partclone.ext4 -c -s source.img -o - -L log 2>/dev/null';
  const contestants: Contestant[] = [
    {
      name: 'permafrost',
      before: 'rm -rf repo; sync',
      command: `${permafrost} image source.img --repo repo --json >${REPORT} 2>/dev/null`,
      output: 'repo',
    },
    {
      name: 'partclone | zstd -3 -T0',
      before: 'rm -f a.zst',
      command: `${partclone} | zstd -q -3 -T0 -o a.zst; sync a.zst`,
      output: 'a.zst',
    },
    {
      name: 'partclone -a0 | zstd -3 -T0',
      before: 'rm -f b.zst',
      command: `${partclone} -a0 | zstd -q -3 -T0 -o b.zst; sync b.zst`,
      output: 'b.zst',
    },
    {
      name: 'fsarchiver -Z3 -j2',
      before: 'rm -f c.fsa',
      command: 'fsarchiver savefs -Z3 -j2 -o c.fsa $(cat loop) >/dev/null 2>&1; sync c.fsa',
      output: 'c.fsa',
    },
    {
      name: 'zstd -3 -T0 of the used bytes',
      before: 'rm -f d.zst',
      command: 'zstd -q -3 -T0 used.bin -o d.zst; sync d.zst',
      output: 'd.zst',
    },
    {
      name: 'borg, zstd 3, device',
      before: `rm -rf borg; ${borg('borg')} init -e none`,
      command: `${borg('borg')} create -C zstd,3 --read-special ::a $(cat loop); sync`,
      output: 'borg',
    },
    {
      name: 'restic, device',
      before: `rm -rf restic; ${restic('restic')} init`,
      command: `${restic('restic')} backup --stdin < $(cat loop); sync`,
      output: 'restic',
    },
  ];
  bench.race('first image, level 3', contestants);
}

/** `large.img`, which is in all stores already, once more. Wants `large-used.bin`, a loop device's name in `large-loop`. */
export function secondImage(bench: Bench, permafrost: string): void {
  bench.shell(`${permafrost} image large.img --repo large >/dev/null 2>&1`);
  bench.shell(
    `${borg('large-borg')} init -e none; ${borg('large-borg')} create -C zstd,3 --read-special ::a $(cat large-loop)`,
  );
  bench.shell(`${restic('large-restic')} init; ${restic('large-restic')} backup --stdin < $(cat large-loop)`);
  bench.race('second image, unchanged', [
    {
      name: 'permafrost',
      command: `${permafrost} image large.img --repo large --json >${REPORT} 2>/dev/null`,
    },
    {
      name: 'dd of the used bytes, direct',
      command: 'dd if=large-used.bin of=/dev/null bs=4M iflag=direct status=none',
    },
    {
      name: 'borg, device',
      command: `${borg('large-borg')} create -C zstd,3 --read-special ::b$RANDOM$RANDOM $(cat large-loop); sync`,
    },
    { name: 'restic, device', command: `${restic('large-restic')} backup --stdin < $(cat large-loop); sync` },
  ]);
}

/** `source.img` from `repo` and `a.zst` into `folder`, on the disk or in memory. */
export function restore(bench: Bench, permafrost: string, where: string, folder: string): void {
  const target = `${folder}/target.img`;
  const blank = `rm -f ${target}; truncate -s 4G ${target}`;
  const ours = `${permafrost} restore latest ${target} --repo repo --yes --json`;
  bench.race(`restore, ${where}`, [
    { name: 'permafrost --no-verify', before: blank, command: `${ours} --no-verify >${REPORT} 2>/dev/null` },
    { name: 'permafrost, read back', before: blank, command: `${ours} >${REPORT} 2>/dev/null` },
    {
      name: 'zstd -dc | partclone -r',
      before: blank,
      command: `zstd -dc a.zst | partclone.restore -C -s - -O ${target} -L log 2>/dev/null; sync ${target}`,
    },
    { name: 'zstd -dc alone, to nowhere', command: 'zstd -dc a.zst >/dev/null' },
    {
      name: 'dd of the used bytes, direct',
      before: blank,
      command: `dd if=used.bin of=${target} bs=4M iflag=direct oflag=direct conv=notrunc,fsync status=none 2>/dev/null || dd if=used.bin of=${target} bs=4M iflag=direct conv=notrunc,fsync status=none`,
    },
  ]);
}

/** Peak memory with as many threads as a large machine has, and hardly compressible data. */
export function memory(bench: Bench, permafrost: string): void {
  bench.shell('rm -rf wide');
  const { seconds, peakBytes } = bench.time(
    `${permafrost} image noise.img --repo wide --workers 16 >/dev/null 2>&1`,
  );
  bench.add({
    group: 'memory, 16 workers',
    name: 'permafrost, noise',
    medianSeconds: seconds,
    minSeconds: seconds,
    maxSeconds: seconds,
    peakBytes,
  });
}
