/** Disks, images and plans as screens get them, for tests that have no disks. */
import {
  asIs,
  say,
  type DiskPlan,
  type ListedDisk,
  type Manifest,
  type Plan,
  type RegionPlan,
} from '../../src/engine/index.ts';
import { initialState, type FlowState } from '../../src/tui/flow/state.ts';

const MiB = 1024 * 1024;

export function sampleDisk(path: string, more: Partial<ListedDisk['disk']> = {}): ListedDisk {
  return {
    disk: {
      path,
      deviceNumber: '8:0',
      model: 'Samsung SSD 870 EVO 1TB with a rather long name of its maker',
      serial: `S5Y1NG0N${path.at(-1)!.toUpperCase()}042`,
      sizeBytes: 1000 * MiB,
      sectorSize: 512,
      physicalSectorSize: 512,
      bus: 'sata',
      isVirtual: false,
      removable: false,
      readOnly: false,
      isProtected: false,
      diskSequence: path.charCodeAt(path.length - 1),
      partitions: [
        {
          number: 1,
          path: `${path}1`,
          deviceNumber: '8:1',
          start: MiB,
          sizeBytes: 500 * MiB,
          readOnly: false,
        },
      ],
      ...more,
    },
    uses: [],
    table: 'gpt',
    regions: [
      {
        name: 'partition 1',
        start: MiB,
        length: 500 * MiB,
        partitions: [1],
        fileSystem: { kind: 'ext4', label: 'IMAGES', uuid: `0000-${path}` },
      },
    ],
  };
}

const region: RegionPlan = {
  name: 'partition 1',
  kind: 'partition',
  start: MiB,
  length: 500 * MiB,
  partitions: [1],
  fileSystem: { kind: 'ext4', label: 'IMAGES', state: 'dirty' },
  usedBytes: 500 * MiB,
  raw: {
    code: 'dirty',
    reason: 'it was not cleanly unmounted',
    remedy: say('raw-remedy/windows-shutdown'),
    trustedBytes: 20 * MiB,
  },
  warnings: [
    asIs('Something is worth knowing about this partition, in a sentence that is long enough to be wrapped.'),
  ],
  included: true,
};

export function samplePlan(job: Plan['job'], digest = 'aaaa', more: Partial<Plan> = {}): Plan {
  const listed = sampleDisk('/dev/sdb').disk;
  const disk: DiskPlan = {
    number: 1,
    identity: {
      kind: 'device',
      path: listed.path,
      model: listed.model!,
      serial: listed.serial!,
      sizeBytes: listed.sizeBytes,
      sectorSize: 512,
    },
    sizeBytes: listed.sizeBytes,
    sectorSize: 512,
    table: { kind: 'gpt', partitions: [{ number: 1, start: MiB, length: 500 * MiB, typeId: 'x' }] },
    regions: [region],
    usedBytes: region.usedBytes,
    warnings: [],
    ...(job.kind === 'restore' || job.kind === 'clone'
      ? { destroys: ['partition 1: ext4 "IMAGES", 500 MiB'] }
      : {}),
  };
  return {
    job,
    digest,
    summary: 'A plan.',
    disks: job.kind === 'verify' ? [] : [disk],
    readBytes: 500 * MiB,
    writeBytes: 500 * MiB,
    freeBytes: 100 * MiB,
    warnings: [asIs('The clock of this machine seems to be wrong.')],
    refusals: [],
    ...more,
  };
}

export function sampleImage(disks = 1): Manifest {
  return {
    permafrost: 'image',
    version: 1,
    requires: [],
    repository: 'r',
    chunkBytes: 262144,
    idScheme: 'blake3',
    id: '0123456789abcdef0123456789abcdef',
    sequence: 7,
    name: 'before the update',
    created: '2026-11-25T10:00:00Z',
    program: 'permafrost',
    machine: { hostname: 'workshop', model: 'ThinkPad' },
    disks: Array.from({ length: disks }, (_, i) => ({
      number: i + 1,
      path: `/dev/sd${'bc'[i]!}`,
      model: 'Samsung SSD 870',
      serial: `S5Y1NG0N${'BC'[i]!}042`,
      sizeBytes: 1000 * MiB,
      sectorSize: 512,
      table: { kind: 'gpt', partitions: [{ number: 1, start: MiB, length: 500 * MiB, typeId: 'x' }] },
      regions: [],
    })),
    warnings: [],
  };
}

export function sampleState(more: Partial<FlowState> = {}): FlowState {
  const start = initialState({ language: 'en', rescue: true, isRoot: true, host: { kind: 'idle' } });
  return {
    ...start,
    disks: [sampleDisk('/dev/sdb'), sampleDisk('/dev/sdc'), sampleDisk('/dev/sdd')],
    ...more,
  };
}
