/** What a job must not do: it is refused, with the reason, and no byte of any disk is changed. */
import assert from 'node:assert/strict';
import type { Disk } from '../src/disks.ts';
import { reasonsOf, runJob } from '../src/drive-job.ts';
import { noisyFile, sha256 } from '../src/files.ts';
import { diskFunction } from '../src/guest-disk.ts';
import { filesOnStick, makeLabelledStick } from '../src/labelled-stick.ts';
import { scenario } from '../src/scenario.ts';
import { makeSourceDisk, sourceDiskBytes } from '../src/source-disk.ts';

interface Refusal {
  readonly because: string;
  readonly step: string;
  readonly code: string;
  /** 1 if not said. */
  readonly exitCode?: number;
}

const restoreTo = (target: string): string => `restore: { image: good, target: ${target} }`;

const refusals: readonly Refusal[] = [
  {
    because: 'the target is not there',
    step: restoreTo('{ serial: NOT-THERE }'),
    code: 'job-file/disk',
  },
  {
    because: 'two disks have that serial number',
    step: restoreTo('{ serial: TWIN }'),
    code: 'job-file/disk',
  },
  { because: 'there is more than one disk', step: restoreTo('only-disk'), code: 'job-file/disk' },
  { because: 'two disks are the largest', step: restoreTo('largest'), code: 'job-file/disk' },
  {
    because: 'a name like sda can be another disk tomorrow',
    step: restoreTo('/dev/sda'),
    code: 'job-file/invalid',
    exitCode: 2,
  },
  {
    because: 'the images are on the target',
    step: restoreTo('{ serial: STICK }'),
    // The job itself has mounted it.
    code: 'device/in-use',
  },
  {
    because: 'the images would be on the source',
    step: 'image: { source: { serial: STICK } }',
    code: 'device/in-use',
  },
  { because: 'the target is too small', step: restoreTo('{ serial: SMALL }'), code: 'device/too-small' },
  {
    because: 'the target has a write-protect switch',
    step: restoreTo('{ serial: LOCKED }'),
    code: 'device/read-only',
  },
  { because: 'the target is mounted', step: restoreTo('{ serial: MOUNTED }'), code: 'device/in-use' },
  {
    because: 'a disk is cloned to itself',
    step: 'clone: { source: { serial: SOURCE }, target: { serial: SOURCE } }',
    code: 'device/is-source',
  },
  {
    because: 'the image is not there',
    step: 'restore: { image: other, target: { serial: TARGET } }',
    code: 'image/not-found',
  },
];

scenario('refuses what is not certain or not safe, and changes no byte', { seconds: 400 }, async (bench) => {
  const disk = async (
    name: string,
    bus: Disk['bus'],
    more: Partial<Disk> = {},
    size = sourceDiskBytes,
  ): Promise<Disk> => {
    const path = await noisyFile(bench.path(`${name}.img`), size, name.length + size);
    return { name, bus, path, ...more };
  };
  const disks = [
    await disk('source', 'nvme'),
    await disk('mounted', 'virtio'),
    await disk('target', 'virtio'),
    await disk('twin-a', 'nvme', { serial: 'TWIN' }),
    await disk('twin-b', 'scsi', { serial: 'TWIN' }),
    await disk('small', 'scsi', {}, 16 << 20),
    await disk('locked', 'virtio', { readOnly: true }),
  ];
  await makeSourceDisk(disks[0]!.path, { name: 'source' });
  await makeSourceDisk(disks[1]!.path, { name: 'mounted' });
  const stick = await makeLabelledStick(bench.path('stick.img'), 'PERMAFROST');
  const machine = await bench.startReady();
  for (const one of [...disks, { name: 'stick', path: stick, bus: 'usb' } as const]) await machine.plug(one);
  const names = disks.map(({ name }) => name);
  const serials = disks.map(({ name, serial = name.toUpperCase() }) => serial);
  await machine.agent.run(
    `${diskFunction}\nset -e\nfor serial in STICK ${serials.join(' ')}; do d=$(disk $serial); done
    d=$(disk MOUNTED); mkdir /run/mounted; sleep 1
    case $d in */nvme*) d=\${d}p;; esac; mount -t ext4 -o ro,noload \${d}2 /run/mounted`,
  );
  let count = 0;
  const run = (step: string): Promise<{ outcome: string; exitCode: number }> =>
    runJob(
      machine,
      `version: 1\nid: job-${++count}\ncountdown: 0\nrepository: { label: PERMAFROST, folder: images }\nsteps:\n  - ${step}\n`,
    );

  const before = await Promise.all(disks.map(({ path }) => sha256(path)));
  assert.equal((await run('image: { source: { serial: SOURCE }, name: good }')).outcome, 'done');
  await machine.agent.run('sync');
  const images = await filesOnStick(stick, 'images');

  for (const { because, step, code, exitCode = 1 } of refusals) {
    const since = machine.job.events.length;
    const result = await run(step);
    assert.deepEqual(
      { because, outcome: result.outcome, exitCode: result.exitCode, codes: reasonsOf(machine.job, since) },
      { because, outcome: 'failed', exitCode, codes: [code] },
    );
    // Looking at what is there comes before the refusal.
    const begun = machine.job.events
      .slice(since)
      .filter(({ type, phase }) => type === 'progress' && phase !== 'inspecting');
    assert.deepEqual(begun, [], because);
  }

  await machine.agent.run('umount /run/mounted; sync');
  const after = await Promise.all(disks.map(({ path }) => sha256(path)));
  assert.deepEqual(
    names.filter((_, index) => after[index] !== before[index]),
    [],
    'disks with changed bytes',
  );
  const packs = (files: Readonly<Record<string, string>>): object =>
    Object.fromEntries(Object.entries(files).filter(([path]) => !/\/(jobs|locks)\//.test(path)));
  assert.deepEqual(packs(await filesOnStick(stick, 'images')), packs(images), 'the images');

  // The same machine does do what is certain and safe.
  assert.equal((await run(restoreTo('{ serial: TARGET }'))).outcome, 'done');
});
