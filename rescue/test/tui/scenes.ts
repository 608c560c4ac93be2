/** Every page of the terminal UI in the states that a person may meet it in: for tests that look at all of them. */
import {
  asIs,
  type DiskPlan,
  type ImagedDisk,
  type ImagedRegion,
  type Remark,
  type RemarkCode,
} from '../../src/engine/index.ts';
import type { EditedLayout, Question, Step, Waiting } from '../../src/tui/flow/parts.ts';
import type { FlowState } from '../../src/tui/flow/state.ts';
import { diskKey } from '../../src/tui/flow/state.ts';
import { cloneJob, imageJob, jobScenes, restoreJob, verifyJob } from './job-scenes.ts';
import { problems } from './problems.ts';
import { sampleDisk, sampleImage, samplePlan, sampleState } from './sample.ts';

const MiB = 1024 * 1024;

const disks = ['b', 'c', 'd'].map((letter) => sampleDisk(`/dev/sd${letter}`));
const manyDisks = Array.from({ length: 24 }, (_, i) =>
  sampleDisk(`/dev/sd${String.fromCharCode(97 + i)}`, {
    model: `${'A very long name of a disk '.repeat(3)}${i}`,
    serial: 'SERIAL-THAT-IS-LONGER-THAN-ANY-LABEL-HAS-ROOM-FOR-0123456789',
  }),
);
const inUse = sampleDisk('/dev/sda');
const usedDisk = {
  ...inUse,
  uses: [
    {
      kind: 'mounted',
      what: '/dev/sda1',
      by: '/',
      message: '/dev/sda1 is mounted on /',
    } as (typeof inUse.uses)[number],
  ],
};
const chosen = { key: diskKey(disks[0]!), path: '/dev/sdb' };
const place = {
  place: { id: 'p1', rule: { uuid: 'x', folder: '.' }, path: '/r', freeBytes: 800 * MiB },
  label: '"IMAGES", partition 1, Samsung SSD 870 EVO 1TB with a rather long name of its maker, /dev/sdc1',
  disks: ['/dev/sdc'],
  repositories: [
    { path: '/r/permafrost', folder: 'permafrost', images: 3 },
    { path: '/r/old', folder: 'old', images: 1 },
  ],
} as const;
const base: Partial<FlowState> = {
  disks,
  flow: 'image',
  sources: [chosen],
  place,
  repository: { path: '/r/permafrost', exists: false },
};
const restoring: Partial<FlowState> = {
  ...base,
  flow: 'restore',
  sources: [],
  repository: { path: '/r/permafrost', exists: true },
  images: {
    images: [sampleImage(1), sampleImage(2)],
    damaged: [{ id: 'ffff', problem: asIs('it ends too soon') }],
  },
  image: sampleImage().id,
  parts: [1],
};

/** An image with several partitions, and a target with some. */
const parted: ImagedDisk = {
  ...sampleImage().disks[0]!,
  regions: (['fat32', 'ext4', 'ntfs', 'luks', 'unknown'] as const).map(
    (kind, i) =>
      ({
        kind: 'partition',
        name: `partition ${i + 1}`,
        start: (1 + i * 100) * MiB,
        length: 100 * MiB,
        partitions: [i + 1],
        fileSystem: { kind, state: kind === 'ntfs' ? 'dirty' : 'clean', label: `A label of ${kind}` },
        sums: { usedBytes: 10 * MiB },
        content: {},
      }) as unknown as ImagedRegion,
  ),
};
const target: DiskPlan = {
  ...samplePlan(imageJob).disks[0]!,
  table: {
    kind: 'gpt',
    partitions: [
      { number: 1, start: MiB, length: 50 * MiB, typeId: 'x' },
      { number: 7, start: 100 * MiB, length: 850 * MiB, typeId: 'x' },
    ],
  },
};
const layoutOf: Partial<FlowState> = {
  ...restoring,
  images: { images: [{ ...sampleImage(), disks: [parted] }], damaged: [] },
  targets: [{ ...chosen, disk: 1 }],
  inspected: { [chosen.key]: target },
};
const partly: Partial<FlowState> = { ...layoutOf, leftOut: [1, 4, 5], into: { 2: 7 } };

/** The layout of a target with these partitions, two of them changed. */
const edited: EditedLayout = {
  disk: { ...target, regions: parted.regions as unknown as DiskPlan['regions'] },
  resizing: {
    room: { end: 999 * MiB, sectorSize: 512, reserveBytes: 0 },
    partitions: parted.regions.map(({ start, length, partitions }, i) => ({
      ...{ number: partitions[0]!, start, length, leadBytes: 0 },
      ...(i < 3
        ? { leastBytes: 30 * MiB }
        : {
            leastBytes: length,
            leastReason: remarkOf('resize/no-shrink-tool'),
            mostReason: remarkOf('resize/no-grow-tool'),
          }),
    })),
  },
  asked: [
    { partition: 2, size: 300 * MiB },
    { partition: 3, size: 50 * MiB, start: 600 * MiB },
  ],
};

function remarkOf(code: RemarkCode): Remark {
  const details = { content: 'exFAT', problem: 'a tool said no', mostBytes: 5 * MiB, leastBytes: MiB };
  return { code, text: asIs(`what ${code} says in English`), details };
}

const at = (step: Step, more: Partial<FlowState> = {}): FlowState =>
  sampleState({ ...base, trail: step === 'home' ? ['home'] : ['home', step], ...more });

const questions: readonly Question['id'][] = [
  'same-disk',
  'cancel-job',
  'power-off',
  'reboot',
  'leave',
  'leave-job',
];
const waits: readonly Waiting['what'][] = [
  'place',
  'images',
  'plan',
  'layout',
  'start',
  'network',
  'logs',
  'tool',
];
const error = problems[0]!;

/** Every scene by its name. */
export const scenes: Readonly<Record<string, FlowState>> = {
  home: at('home'),
  'home of a user without rights': at('home', { rescue: false, isRoot: false }),
  sources: at('sources', { sources: [], disks: [usedDisk, ...disks] }),
  'sources, two marked': at('sources', {
    sources: [chosen, { key: diskKey(disks[1]!), path: '/dev/sdc' }],
  }),
  'sources, no list yet': at('sources', { disks: undefined, sources: [] }),
  'sources, no disks': at('sources', { disks: [], sources: [] }),
  'sources, very many disks': at('sources', { disks: manyDisks, sources: [] }),
  plug: at('plug'),
  place: at('place'),
  'place, very many disks': at('place', { disks: manyDisks }),
  nfs: at('nfs'),
  smb: at('smb', { fields: { smb: '//nas/images', smbPassword: 'secret' } }),
  ssh: at('ssh'),
  'smb, servers found': at('smb', {
    servers: [
      {
        kind: 'smb',
        name: 'The storage in the cellar, which has a very long name',
        address: '10.0.0.5',
        port: 445,
      },
      { kind: 'smb', name: 'Büro 日本 \u001b[31m', address: '10.0.0.6', port: 445 },
    ],
  }),
  'nfs, a server found': at('nfs', {
    servers: [{ kind: 'nfs', name: 'nas', address: '10.0.0.5', port: 2049, path: '/export/images' }],
  }),
  'ssh, no server found': at('ssh', { servers: [] }),
  path: at('path'),
  folder: at('folder'),
  'folder without images': at('folder', { ...restoring, place: { ...place, repositories: [] } }),
  images: at('images', restoring),
  'images to check': at('images', { ...restoring, flow: 'verify' }),
  'no images': at('images', { ...restoring, images: { images: [], damaged: [] } }),
  parts: at('parts', {
    ...restoring,
    images: { images: [sampleImage(2)], damaged: [] },
    parts: [1, 2],
  }),
  target: at('target', { ...restoring, disks: [usedDisk, ...disks] }),
  'target, all too small': at('target', {
    ...restoring,
    disks: disks.map((listed) => ({ ...listed, disk: { ...listed.disk, sizeBytes: MiB } })),
  }),
  'plan of an image': at('plan', { plan: samplePlan(imageJob) }),
  'plan of a restore': at('plan', { ...restoring, plan: samplePlan(restoreJob) }),
  'source of a copy': at('sources', { flow: 'clone', sources: [], disks: [usedDisk, ...disks] }),
  copies: at('copies', { flow: 'clone', disks: [usedDisk, ...disks] }),
  'copies, two marked': at('copies', {
    flow: 'clone',
    copies: [
      { key: diskKey(disks[1]!), path: '/dev/sdc' },
      { key: '/r/copy.img', path: '/r/copy.img' },
    ],
  }),
  'copies, all too small': at('copies', {
    flow: 'clone',
    disks: disks.map((listed, i) =>
      i === 0 ? listed : { ...listed, disk: { ...listed.disk, sizeBytes: MiB } },
    ),
  }),
  'copies, other sectors': at('copies', {
    flow: 'clone',
    disks: disks.map((listed, i) =>
      i === 0 ? listed : { ...listed, disk: { ...listed.disk, sectorSize: 4096 } },
    ),
  }),
  'plan of a copy': at('plan', { flow: 'clone', plan: samplePlan(cloneJob) }),
  'options of a copy': at('options', { flow: 'clone', plan: samplePlan(cloneJob) }),
  'confirm a copy': at('confirm', { flow: 'clone', plan: samplePlan(cloneJob) }),
  'plan of a check': at('plan', { ...restoring, flow: 'verify', plan: samplePlan(verifyJob) }),
  'plan, again': at('plan', { plan: undefined }),
  ...Object.fromEntries(
    problems.map((refusal) => [
      `plan refused: ${refusal.code}`,
      at('plan', { plan: samplePlan(imageJob, 'aaaa', { refusals: [refusal] }) }),
    ]),
  ),
  'options of a check': at('options', { flow: 'verify', plan: samplePlan(verifyJob) }),
  'options with a wrong number': at('options', {
    flow: 'image',
    plan: samplePlan(imageJob),
    fields: { workers: '65' },
    notice: { id: 'cannot', subject: 'workers', bad: true },
  }),
  'options of an image': at('options', { plan: samplePlan(imageJob) }),
  'options of a restore': at('options', { ...restoring, plan: samplePlan(restoreJob) }),
  'options of a restore of some partitions': at('options', { ...partly, plan: samplePlan(restoreJob) }),
  'options of a file': at('options', {
    sources: [{ key: '/r/old.img', path: '/r/old.img' }],
    sectorSize: 4096,
    plan: samplePlan(imageJob),
  }),
  'sizes of sectors': at('sectors', { sectorSize: 4096 }),
  'free space': at('grow', layoutOf),
  'free space, some partitions': at('grow', { ...partly, grow: 2 }),
  'free space of a copy': at('grow', { flow: 'clone', plan: samplePlan(cloneJob) }),
  'logs, saved': at('save-logs', {
    notice: {
      ...{ id: 'logs-saved', subject: place.label, bad: false },
      folder: 'permafrost-logs-20261129T014500Z',
    },
  }),
  layout: at('layout', { ...layoutOf, editing: edited, focus: { layout: '2' } }),
  'layout, one that keeps its size': at('layout', { ...layoutOf, editing: edited, focus: { layout: '4' } }),
  'layout, on the way out': at('layout', { ...layoutOf, editing: edited, focus: { layout: 'take' } }),
  'layout, a limit': at('layout', {
    ...layoutOf,
    editing: edited,
    focus: { layout: '4' },
    notice: { id: 'limit', subject: '4', bad: true, why: remarkOf('resize/no-grow-tool') },
  }),
  'size of a partition': at('part-size', { ...layoutOf, editing: edited, placing: 2 }),
  'size of a partition, typed': at('part-size', {
    ...layoutOf,
    editing: edited,
    placing: 2,
    fields: { partSize: '1,5 GiB' },
    notice: { id: 'cannot', subject: 'partSize', bad: true },
  }),
  'partitions, all': at('partitions', layoutOf),
  'partitions, some': at('partitions', partly),
  'partitions, the target not seen yet': at('partitions', { ...layoutOf, inspected: {} }),
  'partitions, the target cannot be read': at('partitions', {
    ...layoutOf,
    inspected: { [chosen.key]: error },
  }),
  'place of a partition': at('into', { ...layoutOf, placing: 2 }),
  'place of a partition, some': at('into', { ...partly, placing: 3 }),
  'place of a partition, no table': at('into', {
    ...layoutOf,
    placing: 2,
    inspected: { [chosen.key]: { ...target, table: { kind: 'none', partitions: [] } } },
  }),
  'plan of a boot check': at('plan', {
    flow: 'bootcheck',
    plan: samplePlan({ kind: 'bootcheck', target: '/dev/sdb' }),
  }),
  confirm: at('confirm', { ...restoring, plan: samplePlan(restoreJob) }),
  'confirm, typed': at('confirm', {
    ...restoring,
    plan: samplePlan(restoreJob),
    fields: { confirm1: 'B042' },
  }),
  'confirm, wrong': at('confirm', {
    ...restoring,
    plan: samplePlan(restoreJob),
    notice: { id: 'confirm-wrong', subject: '', bad: true },
  }),
  disks: at('disks', { disks: [usedDisk, ...disks] }),
  disk: at('disk', {
    lookedAt: diskKey(disks[0]!),
    inspected: { [diskKey(disks[0]!)]: samplePlan(imageJob).disks[0]! },
  }),
  'disk that cannot be read': at('disk', {
    lookedAt: diskKey(disks[0]!),
    inspected: { [diskKey(disks[0]!)]: error },
  }),
  'disk that is gone': at('disk', { lookedAt: 'none' }),
  tools: at('tools'),
  'tools of a system': at('tools', { rescue: false }),
  logs: at('logs', { tools: { logs: '[    0.000000] Linux version\n'.repeat(60) } }),
  'save the logs': at('save-logs', { sources: [] }),
  network: at('network', {
    tools: {
      network: [
        {
          name: 'eth0',
          hardware: '52:54:00:12:34:56',
          cable: true,
          addresses: ['10.0.2.15/24', 'fe80::5054:ff:fe12:3456/64'],
        },
        { name: 'eth1', hardware: '52:54:00:12:34:57', cable: true, addresses: [] },
        { name: 'eth2', hardware: '52:54:00:12:34:58', cable: false, addresses: [] },
        { name: 'eth3', hardware: '52:54:00:12:34:59', addresses: [] },
      ],
    },
  }),
  keyboard: at('keyboard', {
    tools: { keymaps: Array.from({ length: 40 }, (_, i) => ({ name: `k${i}`, title: `Keyboard ${i}` })) },
  }),
  language: at('language'),
  clock: at('clock'),
  ...Object.fromEntries(
    questions.map((id) => [
      `question: ${id}`,
      at('home', { question: { id, yes: { kind: 'leave' } }, focus: { question: 'no' } }),
    ]),
  ),
  ...Object.fromEntries(
    waits.map((what) => [
      `waiting: ${what}`,
      at('home', { waiting: { token: 1, what, subject: place.label } }),
    ]),
  ),
  ...Object.fromEntries(problems.map((problem) => [`problem: ${problem.code}`, at('home', { problem })])),
  bug: at('home', { bug: 'Error: something\n    at somewhere (file.ts:1:1)' }),
  ...Object.fromEntries(
    (
      [
        ['disk-gone', '/dev/sdb'],
        ['disk-found', 'SanDisk, /dev/sde'],
        ['plan-changed', ''],
        ['nothing-marked', ''],
        ['cannot', 'nfs'],
        ['done', 'x'],
        ['connection-back', ''],
      ] as const
    ).map(([id, subject]) => [`notice: ${id}`, at('sources', { notice: { id, subject, bad: true } })]),
  ),
  ...jobScenes,
};
