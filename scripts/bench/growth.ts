/** What a second image costs after real changes, by chunk size and beside borg and restic; and the tenth image. */
import { REPORT, type Bench } from './race.ts';
import { churn, fetchPackages, installPackages, makeExt4, makeNtfs } from './sources.ts';

export interface GrowthRow {
  readonly name: string;
  readonly firstSeconds: number;
  readonly storedBytes: number;
  /** Chunks of the first image; the index in memory has at most 48 bytes for each. Absent for peers. */
  readonly chunks?: number;
  /** Seconds of imaging the unchanged disk again. */
  readonly secondSeconds?: number;
  readonly ext4GrowthBytes: number;
  readonly ntfsGrowthBytes: number;
}

const CHUNK_SIZES = [64, 128, 256, 512, 1024, 2048, 4096].map((kibibytes) => kibibytes * 1024);

interface Store {
  readonly name: string;
  readonly folder: string;
  readonly chunkBytes?: number;
  readonly init: string;
  readonly save: (image: string) => string;
}

function stores(bench: Bench, permafrost: string): readonly Store[] {
  const environment = (folder: string): string =>
    `BORG_REPO=${bench.folder}/${folder} RESTIC_REPOSITORY=${bench.folder}/${folder}`;
  return [
    ...CHUNK_SIZES.map((bytes) => ({
      name: `permafrost, chunks of ${bytes / 1024} KiB`,
      folder: `growth-${bytes}`,
      chunkBytes: bytes,
      init: 'true',
      save: (image: string) =>
        `${permafrost} image ${image} --repo growth-${bytes} --chunk-size ${bytes} --json >${REPORT} 2>/dev/null`,
    })),
    {
      name: 'borg, device',
      folder: 'growth-borg',
      init: `${environment('growth-borg')} borg init -e none`,
      save: (image) => `${environment('growth-borg')} borg create -C zstd,3 ::a$RANDOM$RANDOM ${image}; sync`,
    },
    {
      name: 'restic, device',
      folder: 'growth-restic',
      init: `${environment('growth-restic')} restic -q init`,
      save: (image) => `${environment('growth-restic')} restic -q backup --stdin < ${image}; sync`,
    },
  ];
}

export function growth(bench: Bench, permafrost: string): GrowthRow[] {
  fetchPackages(bench);
  makeExt4(bench, 'grow.img', 900, 3);
  installPackages(bench, 'grow.img', 'older');
  makeNtfs(bench, 'ntfs.img', 600, 2);
  const all = stores(bench, permafrost);
  const first = all.map((store) => {
    bench.shell(store.init);
    const { seconds } = bench.time(store.save('grow.img'));
    const storedBytes = bench.sizeOf(store.folder);
    const chunks =
      store.chunkBytes === undefined ? undefined : bench.reportSums()['newBytes']! / store.chunkBytes;
    const again = store.chunkBytes === undefined ? undefined : bench.time(store.save('grow.img')).seconds;
    bench.shell(store.save('ntfs.img'));
    return { store, seconds, storedBytes, chunks, again, before: bench.sizeOf(store.folder) };
  });
  installPackages(bench, 'grow.img', 'newer');
  churn(bench, 'ntfs.img', 1);
  const rows = first.map(({ store, seconds, storedBytes, chunks, again, before }) => {
    bench.shell(store.save('grow.img'));
    const between = bench.sizeOf(store.folder);
    bench.shell(store.save('ntfs.img'));
    const row: GrowthRow = {
      name: store.name,
      firstSeconds: seconds,
      storedBytes,
      ...(chunks === undefined ? {} : { chunks: Math.round(chunks) }),
      ...(again === undefined ? {} : { secondSeconds: again }),
      ext4GrowthBytes: between - before,
      ntfsGrowthBytes: bench.sizeOf(store.folder) - between,
    };
    const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
    console.log(
      `growth  ${row.name.padEnd(32)} first ${seconds.toFixed(1)} s ${mb(storedBytes)}, ext4 +${mb(row.ext4GrowthBytes)}, NTFS +${mb(row.ntfsGrowthBytes)}${again === undefined ? '' : `, again ${again.toFixed(2)} s`}`,
    );
    return row;
  });
  for (const { folder } of all) bench.shell(`rm -rf ${folder}`);
  return rows;
}

/** Ten images of a disk that changes in between: restoring the tenth beside restoring the same disk's only image. */
export function tenthImage(bench: Bench, permafrost: string): void {
  for (let i = 1; i <= 10; i++) {
    if (i > 1) churn(bench, 'grow.img', i);
    bench.shell(`${permafrost} image grow.img --repo ten --name image-${i} >/dev/null 2>&1`);
  }
  bench.shell(`${permafrost} image grow.img --repo one >/dev/null 2>&1`);
  const before = 'rm -f target.img; truncate -s 3G target.img';
  const from = (repository: string): string =>
    `${permafrost} restore latest target.img --repo ${repository} --yes --no-verify --json >${REPORT} 2>/dev/null`;
  bench.race('restore after changes', [
    { name: 'permafrost, the only image', before, command: from('one') },
    { name: 'permafrost, the tenth image', before, command: from('ten') },
  ]);
  bench.shell('rm -rf ten one target.img');
}
