/** Every page of the terminal UI in the states that a person may meet it in: for tests that look at all of them. */
import {
  PermafrostError,
  type ErrorReport,
  type Gap,
  type Job,
  type Report,
} from '../../src/engine/index.ts';
import type { HostState, RunningState } from '../../src/runner/job-host.ts';
import type { FlowState, Question, Step, Waiting } from '../../src/tui/flow/state.ts';
import { diskKey } from '../../src/tui/flow/state.ts';
import { sampleDisk, sampleImage, samplePlan, sampleState } from './sample.ts';

const MiB = 1024 * 1024;

export const imageJob: Job = { kind: 'image', sources: ['/dev/sdb'], repository: '/r/permafrost' };
export const restoreJob: Job = {
  kind: 'restore',
  repository: '/r/permafrost',
  image: sampleImage().id,
  targets: [{ disk: 1, target: '/dev/sdb' }],
};
const verifyJob: Job = { kind: 'verify', repository: '/r/permafrost' };
const cloneJob: Job = { kind: 'clone', source: '/dev/sdb', targets: ['/dev/sdc', '/dev/sdd'] };

const gap = (n: number): Gap => ({
  disk: 1,
  region: 'partition 1',
  offset: n * MiB,
  length: 4096,
  reason: 'Input/output error',
});
const gaps = Array.from({ length: 12 }, (_, i) => gap(i));

/** One of every refusal and failure that can come of a job or a place. */
export const problems: readonly ErrorReport[] = [
  new PermafrostError('device/not-found', { device: '/dev/sdb' }),
  new PermafrostError('device/no-permission', { device: '/dev/sdb' }),
  new PermafrostError('device/in-use', { device: '/dev/sdb', reason: '/dev/sdb1 is mounted on /home' }),
  new PermafrostError('device/read-only', { device: '/dev/sdb' }),
  new PermafrostError('device/changed', { device: '/dev/sdb', problem: 'another serial number' }),
  new PermafrostError('device/too-small', {
    device: '/dev/sdb',
    sizeBytes: 10 * MiB,
    neededBytes: 1000 * MiB,
  }),
  new PermafrostError('device/sector-size', {
    device: '/dev/sdb',
    sectorSize: 4096,
    imageSectorSize: 512,
    problem: 'the NTFS of partition 2 was made for sectors of 512',
  }),
  new PermafrostError('device/is-source', { device: '/dev/sdb', source: '/dev/sdb1' }),
  new PermafrostError('device/named-twice', { device: '/dev/sdb', other: '/dev/disk/by-id/x' }),
  new PermafrostError('device/table-mismatch', {
    device: '/dev/sdb',
    problem: 'partition 2 starts elsewhere',
  }),
  new PermafrostError('device/read-back-differs', {
    device: '/dev/sdb',
    offset: MiB,
    length: 4096,
    count: 3,
  }),
  new PermafrostError('repository/not-found', { repository: '/r' }),
  new PermafrostError('repository/not-empty', { repository: '/r' }),
  new PermafrostError('repository/corrupt', { path: '/r/packs/x', problem: 'a checksum is wrong' }),
  new PermafrostError('repository/full', { repository: '/r', missingBytes: 5 * MiB }),
  new PermafrostError('repository/on-source', { repository: '/r', device: '/dev/sdb' }),
  new PermafrostError('repository/on-target', { repository: '/r', device: '/dev/sdb' }),
  new PermafrostError('repository/unresolved', {
    repository: '/r',
    problem: 'it is on a file system in user space',
  }),
  new PermafrostError('image/not-found', { image: 'latest', repository: '/r' }),
  new PermafrostError('image/corrupt', { path: '/r/images/x.json', problem: 'it ends too soon' }),
  new PermafrostError('job-file/repository', {
    rule: '//nas/images',
    problem: 'the server does not know this user, or the password is wrong',
  }),
].map((error) => error.toJSON());

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
    damaged: [{ id: 'ffff', problem: 'it ends too soon' }],
  },
  image: sampleImage().id,
  parts: [1],
};

const at = (step: Step, more: Partial<FlowState> = {}): FlowState =>
  sampleState({ ...base, trail: step === 'home' ? ['home'] : ['home', step], ...more });
const onHost = (host: HostState, more: Partial<FlowState> = {}): FlowState =>
  sampleState({ disks, host, ...more });

const run = (job: Job) => ({ id: 'r1', job, startedAt: '2026-11-25T10:00:00Z' });
const running = (job: Job, more: Partial<RunningState> = {}): RunningState => ({
  kind: 'running',
  run: run(job),
  plan: samplePlan(job),
  paused: false,
  cancelling: false,
  gaps: [],
  gapCount: 0,
  ...more,
});
const progress = {
  phase: 'reading',
  subject: '/dev/sdb partition 1',
  doneBytes: 200 * MiB,
  totalBytes: 500 * MiB,
  badBytes: 8192,
  bytesPerSecond: 90 * MiB,
  secondsLeft: 3725,
  reusedBytes: 10 * MiB,
  newBytes: 190 * MiB,
  storedBytes: 80 * MiB,
  region: { disk: 1, name: 'partition 1', doneBytes: 200 * MiB },
  final: false,
} as const;

const sums = {
  usedBytes: 500 * MiB,
  newBytes: 190 * MiB,
  storedBytes: 80 * MiB,
  reusedBytes: 310 * MiB,
  writtenBytes: 500 * MiB,
  verifiedBytes: 500 * MiB,
  images: 3,
  imagesDamaged: 1,
};
export function sampleReport(job: Job, more: Partial<Report> = {}): Report {
  return {
    job,
    outcome: 'done',
    program: 'permafrost',
    startedAt: '2026-11-25T10:00:00Z',
    seconds: 83,
    phases: [{ phase: 'writing', seconds: 40 }],
    ...(job.kind === 'image'
      ? { image: { id: sampleImage().id, name: 'before the update', sequence: 7 } }
      : {}),
    disks: [],
    sums,
    gaps: [],
    gapsLeftOut: 0,
    warnings: [],
    ...more,
  };
}
const ended = (report: Report, more: object = {}): HostState => ({
  kind: 'ended',
  run: run(report.job),
  plan: samplePlan(report.job),
  report,
  reportPaths: ['/r/permafrost/reports/2026-11-25T10-00-00Z-before-the-update.json'],
  ...more,
});

const questions: readonly Question['id'][] = [
  'same-disk',
  'cancel-job',
  'power-off',
  'reboot',
  'leave',
  'leave-job',
];
const waits: readonly Waiting['what'][] = ['place', 'images', 'plan', 'start', 'network', 'logs', 'tool'];
const error = problems[0]!;

/** Every scene by its name. */
export const scenes: Readonly<Record<string, FlowState>> = {
  home: at('home'),
  'home of a user without rights': at('home', { rescue: false, isRoot: false }),
  'home while a job runs': onHost(running(imageJob), { watching: false }),
  'home when a job has ended': onHost(ended(sampleReport(imageJob)), { watching: false }),
  'home with the runner lost': onHost({ kind: 'lost', error }, { watching: false }),
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
  'options of an image': at('options', { plan: samplePlan(imageJob) }),
  'options of a restore': at('options', { ...restoring, plan: samplePlan(restoreJob) }),
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
  network: at('network', { tools: { network: 'lo UNKNOWN 127.0.0.1/8 ::1/128\neth0 DOWN' } }),
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
  'running, planning': onHost({ ...running(imageJob) }),
  'running, an image': onHost(running(imageJob, { progress, gaps: gaps.slice(0, 3), gapCount: 3 }), {
    regionDone: { '1/partition 1': 200 * MiB },
  }),
  'running, a step of a job file': onHost(
    running(imageJob, {
      progress,
      run: { ...run(imageJob), file: { id: 'nightly', source: 'the stick PERMAFROST', step: 2, steps: 3 } },
    }),
  ),
  'running, a restore': onHost(running(restoreJob, { progress: { ...progress, phase: 'writing' } })),
  'running, a copy': onHost(running(cloneJob, { progress: { ...progress, phase: 'writing' } })),
  'running, a check': onHost(running(verifyJob, { progress: { ...progress, phase: 'verifying' } })),
  paused: onHost(running(imageJob, { progress, paused: true })),
  cancelling: onHost(running(imageJob, { progress, cancelling: true })),
  'waiting for a share': onHost(
    running(imageJob, { progress, waiting: 'the share //nas/images does not answer' }),
  ),
  'done, an image': onHost(ended(sampleReport(imageJob))),
  'done, an image with gaps': onHost(
    ended(sampleReport(imageJob, { outcome: 'done-with-gaps', gaps, gapsLeftOut: 500 })),
  ),
  'done, a restore': onHost(ended(sampleReport(restoreJob, { verified: true }))),
  'done, a restore not read back': onHost(ended(sampleReport(restoreJob, { verified: false }))),
  'done, a check': onHost(ended(sampleReport(verifyJob))),
  'a check that found damage': onHost(
    ended(sampleReport(verifyJob, { outcome: 'does-not-verify', gaps: gaps.slice(0, 2) })),
  ),
  'done, a copy': onHost(
    ended(
      sampleReport(cloneJob, {
        verified: true,
        targets: [1, 2].map((number) => ({
          number,
          outcome: 'done',
          identity: samplePlan(imageJob).disks[0]!.identity,
        })) as unknown as NonNullable<Report['targets']>,
      }),
    ),
  ),
  'stopped, an image': onHost(ended(sampleReport(imageJob, { outcome: 'cancelled' }))),
  'stopped, a restore': onHost(ended(sampleReport(restoreJob, { outcome: 'cancelled' }))),
  'failed, a restore': onHost(
    ended(sampleReport(restoreJob, { outcome: 'failed', error: problems[10]!, warnings: ['A warning.'] })),
  ),
  'ended without a report': onHost({ kind: 'ended', run: run(imageJob), error, reportPaths: [] }),
  'ended, power off follows': onHost(
    ended(sampleReport(imageJob), { next: { action: 'power-off', secondsLeft: 30 } }),
  ),
  countdown: onHost({
    kind: 'countdown',
    file: { id: 'nightly', source: 'the stick PERMAFROST', step: 0, steps: 4 },
    jobs: [imageJob, restoreJob, cloneJob, verifyJob],
    overwrites: ['Samsung SSD 870 EVO 1TB, 931.5 GiB, serial S5Y1NG0NB042, /dev/sdb'],
    secondsLeft: 30,
  }),
  'countdown that overwrites nothing': onHost({
    kind: 'countdown',
    file: { id: 'nightly', source: 'the stick PERMAFROST', step: 0, steps: 1 },
    jobs: [verifyJob],
    overwrites: [],
    secondsLeft: 1,
  }),
  lost: onHost({ kind: 'lost', error }),
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
};
