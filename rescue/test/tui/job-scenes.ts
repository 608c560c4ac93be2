/** The pages of a job that runs, has ended, or is about to begin: {@link jobScenes} by their names. */
import {
  asIs,
  say,
  type BootCheck,
  type FirmwareAnswer,
  type Gap,
  type Job,
  type Report,
} from '../../src/engine/index.ts';
import type { HostState, RunningState } from '../../src/runner/job-host.ts';
import type { FlowState } from '../../src/tui/flow/state.ts';
import { problems } from './problems.ts';
import { sampleDisk, sampleImage, samplePlan, sampleState } from './sample.ts';

const MiB = 1024 * 1024;

export const imageJob: Job = { kind: 'image', sources: ['/dev/sdb'], repository: '/r/permafrost' };
export const restoreJob: Job = {
  kind: 'restore',
  repository: '/r/permafrost',
  image: sampleImage().id,
  targets: [{ disk: 1, target: '/dev/sdb' }],
};
export const verifyJob: Job = { kind: 'verify', repository: '/r/permafrost' };
export const cloneJob: Job = { kind: 'clone', source: '/dev/sdb', targets: ['/dev/sdc', '/dev/sdd'] };

const gap = (n: number): Gap => ({
  disk: 1,
  region: 'partition 1',
  offset: n * MiB,
  length: 4096,
  reason: say('gap/unread'),
});
const gaps = Array.from({ length: 12 }, (_, i) => gap(i));

const disks = ['b', 'c', 'd'].map((letter) => sampleDisk(`/dev/sd${letter}`));
const error = problems[0]!;
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

const bootCheckJob: Job = { kind: 'bootcheck', target: '/dev/sdb' };
const yes: FirmwareAnswer = {
  answer: 'yes',
  findings: [
    {
      level: 'good',
      text: say('bios/active-has-code', { code: say('bios/windows-code'), place: 'partition 1' }),
    },
  ],
};
const bootCheck: BootCheck = {
  machine: 'bios',
  uefi: {
    answer: 'no',
    findings: [
      {
        level: 'problem',
        text: say('uefi/none'),
        remedy: say('remedy/boot-entry'),
      },
    ],
  },
  bios: yes,
  systems: [
    {
      name: 'Debian GNU/Linux 13 (trixie)',
      kind: 'linux',
      place: 'partition 2',
      starts: 'yes',
      uefi: { answer: 'unknown', findings: [] },
      bios: yes,
      findings: [{ level: 'note', text: say('linux/menu-root', { spec: 'UUID=0a1b' }) }],
    },
  ],
  notes: [say('unread/encrypted', { place: 'partition 3', content: 'LUKS' })],
};
const bootChecked = { number: 1, identity: samplePlan(imageJob).disks[0]!.identity, check: bootCheck };

/** By the names of what they show. */
export const jobScenes: Readonly<Record<string, FlowState>> = {
  'home while a job runs': onHost(running(imageJob), { watching: false }),
  'home when a job has ended': onHost(ended(sampleReport(imageJob)), { watching: false }),
  'home with the runner lost': onHost({ kind: 'lost', error }, { watching: false }),
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
    running(imageJob, {
      progress,
      waiting: say('about/said', {
        place: say('rule/smb', { share: '//nas/images' }),
        remark: say('place/silent'),
      }),
    }),
  ),
  'a job that waits to begin': onHost({
    kind: 'idle',
    waiting: say('boot-job/waiting', {
      word: 'http://nas/job.yaml',
      problem: say('boot-job/unfetched', { problem: say('boot-job/no-answer') }),
    }),
  }),
  'home while a job waits to begin': onHost(
    {
      kind: 'idle',
      waiting: say('about/said', {
        place: say('rule/label', { label: 'IMAGES' }),
        remark: say('place/absent'),
      }),
    },
    { watching: false },
  ),
  'a job that could not begin': onHost({
    kind: 'idle',
    problem: {
      source: say('source/labelled', {
        path: 'permafrost-job.yaml',
        device: '/dev/sdb1',
        label: 'PERMAFROST',
      }),
      error: problems.find(({ code }) => code === 'job-file/disk')!,
      next: { action: 'power-off', secondsLeft: 7 },
    },
  }),
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
  'done, a boot check': onHost(ended(sampleReport(bootCheckJob, { boot: [bootChecked] }))),
  'done, a boot check of an empty disk': onHost(
    ended(sampleReport(bootCheckJob, { boot: [{ ...bootChecked, check: { ...bootCheck, systems: [] } }] })),
  ),
  'stopped, a copy': onHost(
    ended(sampleReport(cloneJob, { outcome: 'cancelled', phases: [{ phase: 'writing', seconds: 1 }] })),
  ),
  'stopped, an image': onHost(ended(sampleReport(imageJob, { outcome: 'cancelled' }))),
  'stopped, a restore': onHost(ended(sampleReport(restoreJob, { outcome: 'cancelled' }))),
  'failed, a restore': onHost(
    ended(
      sampleReport(restoreJob, { outcome: 'failed', error: problems[10]!, warnings: [asIs('A warning.')] }),
    ),
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
};
