/** The screens that the guide and the README show: pages of the UI as they are, with disks that people have. */
import type {
  DiskPlan,
  FileSystemKind,
  Job,
  ImagedRegion,
  ListedDisk,
  Manifest,
  Plan,
  RegionPlan,
} from '../../src/engine/index.ts';
import type { FlowState } from '../../src/tui/flow/state.ts';
import { diskKey } from '../../src/tui/flow/state.ts';
import { sampleDisk, sampleImage, samplePlan, sampleState } from './sample.ts';
import { sampleReport } from './job-scenes.ts';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;

interface Part {
  readonly kind: FileSystemKind;
  readonly label?: string;
  readonly start: number;
  readonly length: number;
  readonly used: number;
}

const windows: readonly Part[] = [
  { kind: 'fat32', start: MiB, length: 260 * MiB, used: 33 * MiB },
  { kind: 'ntfs', label: 'Windows', start: 300 * MiB, length: 464 * GiB, used: 171 * GiB },
  { kind: 'ntfs', label: 'Recovery', start: 464.5 * GiB, length: 900 * MiB, used: 520 * MiB },
];

function disk(
  path: string,
  model: string,
  serial: string,
  sizeBytes: number,
  parts: readonly Part[],
): ListedDisk {
  const base = sampleDisk(path, { model, serial, sizeBytes, bus: path === '/dev/sdb' ? 'usb' : 'sata' });
  return {
    ...base,
    disk: {
      ...base.disk,
      partitions: parts.map(({ start, length }, i) => ({
        number: i + 1,
        path: `${path}${i + 1}`,
        deviceNumber: `8:${i + 1}`,
        start,
        sizeBytes: length,
        readOnly: false,
      })),
    },
    regions: parts.map(({ kind, label, start, length }, i) => ({
      name: `partition ${i + 1}`,
      start,
      length,
      partitions: [i + 1],
      fileSystem: { kind, uuid: `${path}-${i}`, ...(label === undefined ? {} : { label }) },
    })),
  };
}

const laptop = disk('/dev/sda', 'Samsung SSD 870', 'S5Y1NG0NB0427', 465.8 * GiB, windows);
const stick = disk('/dev/sdb', 'WD Elements', 'WX41A12345', 931.5 * GiB, [
  { kind: 'exfat', label: 'BACKUP', start: MiB, length: 931 * GiB, used: 0 },
]);
const fresh = disk('/dev/sda', 'Crucial MX500', '2117E59A31C8', 931.5 * GiB, []);

const regions = windows.map(({ kind, label, start, length, used }, i): RegionPlan => ({
  name: `partition ${i + 1}`,
  kind: 'partition',
  start,
  length,
  partitions: [i + 1],
  fileSystem: { kind, state: 'clean', ...(label === undefined ? {} : { label }) },
  usedBytes: used,
  warnings: [],
  included: true,
}));
const used = windows.reduce((sum, part) => sum + part.used, 0);

function plan(job: Job, { disk: on }: ListedDisk): Plan {
  const base = samplePlan(job);
  const planned: DiskPlan = {
    ...base.disks[0]!,
    identity: {
      kind: 'device',
      path: on.path,
      model: on.model!,
      serial: on.serial!,
      sizeBytes: on.sizeBytes,
      sectorSize: 512,
    },
    sizeBytes: on.sizeBytes,
    regions,
    usedBytes: used,
    ...(job.kind === 'restore' ? { destroys: ['partition 1: NTFS "Old data", 931 GiB'] } : {}),
  };
  return { ...base, disks: [planned], readBytes: used, writeBytes: used, freeBytes: 800 * GiB, warnings: [] };
}

const imageJob: Job = { kind: 'image', sources: ['/dev/sda'], repository: '/r/permafrost' };
const restoreJob: Job = {
  kind: 'restore',
  repository: '/r/permafrost',
  image: 'i',
  targets: [{ disk: 1, target: '/dev/sda' }],
};
const place = {
  place: { id: 'p1', rule: { uuid: 'x', folder: '.' }, path: '/r', freeBytes: 800 * GiB },
  label: '"BACKUP", partition 1, WD Elements',
  disks: ['/dev/sdb'],
  repositories: [],
} as const;
const imaged: Manifest = {
  ...sampleImage(),
  name: 'Samsung SSD 870 S5Y1NG0NB0427',
  disks: [
    {
      ...sampleImage().disks[0]!,
      sizeBytes: laptop.disk.sizeBytes,
      serial: laptop.disk.serial!,
      regions: [{ sums: { usedBytes: used } } as unknown as ImagedRegion],
      table: {
        kind: 'gpt',
        partitions: windows.map(({ start, length }, i) => ({ number: i + 1, start, length, typeId: 'x' })),
      },
    },
  ],
};
const saving: Partial<FlowState> = {
  disks: [laptop, stick],
  flow: 'image',
  sources: [{ key: diskKey(laptop), path: '/dev/sda' }],
  place,
  repository: { path: '/r/permafrost', exists: false },
};
const restoring: Partial<FlowState> = {
  disks: [fresh, stick],
  flow: 'restore',
  place,
  repository: { path: '/r/permafrost', exists: true },
  images: { images: [imaged], damaged: [] },
  image: imaged.id,
  parts: [1],
};
const run = (job: Job) => ({ id: 'r1', job, startedAt: '2026-11-25T10:00:00Z' });
const sums = {
  usedBytes: used,
  newBytes: used,
  storedBytes: 96 * GiB,
  reusedBytes: 0,
  writtenBytes: used,
};

/** By the name that the guide calls them by. */
export const guideScenes: Readonly<Record<string, FlowState>> = {
  home: sampleState(),
  sources: sampleState({ ...saving, sources: [], trail: ['home', 'sources'] }),
  place: sampleState({ ...saving, trail: ['home', 'place'] }),
  plan: sampleState({ ...saving, trail: ['home', 'plan'], plan: plan(imageJob, laptop) }),
  running: sampleState({
    host: {
      kind: 'running',
      run: run(imageJob),
      plan: plan(imageJob, laptop),
      paused: false,
      cancelling: false,
      gaps: [],
      gapCount: 0,
      progress: {
        phase: 'reading',
        subject: '/dev/sda partition 2',
        doneBytes: 68 * GiB,
        totalBytes: used,
        badBytes: 0,
        bytesPerSecond: 104 * MiB,
        secondsLeft: 1020,
        reusedBytes: 0,
        newBytes: 68 * GiB,
        storedBytes: 38 * GiB,
        region: { disk: 1, name: 'partition 2', doneBytes: 68 * GiB },
        final: false,
      },
    },
    regionDone: { '1/partition 1': 33 * MiB, '1/partition 2': 68 * GiB },
  }),
  done: sampleState({
    host: {
      kind: 'ended',
      run: run(imageJob),
      report: sampleReport(imageJob, {
        image: { id: 'i', name: imaged.name, sequence: 1 },
        sums,
        seconds: 1690,
      }),
      reportPaths: [],
    },
  }),
  images: sampleState({ ...restoring, trail: ['home', 'images'] }),
  target: sampleState({ ...restoring, trail: ['home', 'target'] }),
  'restore-plan': sampleState({ ...restoring, trail: ['home', 'plan'], plan: plan(restoreJob, fresh) }),
  confirm: sampleState({ ...restoring, trail: ['home', 'confirm'], plan: plan(restoreJob, fresh) }),
  restored: sampleState({
    host: {
      kind: 'ended',
      run: run(restoreJob),
      report: sampleReport(restoreJob, { sums, seconds: 1913, verified: true }),
      reportPaths: [],
    },
  }),
};
