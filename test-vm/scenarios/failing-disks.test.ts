/** Disks that cannot be read everywhere, are full, or are pulled out: what is said, and what is left. */
import assert from 'node:assert/strict';
import { open, readFile } from 'node:fs/promises';
import type { Disk } from '../src/disks.ts';
import { reasonsOf, resultOf, runJob, startJob, type JobResult } from '../src/drive-job.ts';
import { noisyFile } from '../src/files.ts';
import { diskFunction } from '../src/guest-disk.ts';
import { makeLabelledStick } from '../src/labelled-stick.ts';
import type { Machine } from '../src/machine.ts';
import { scenario } from '../src/scenario.ts';
import { describeSourceDisk, makeSourceDisk, sourceDiskBytes } from '../src/source-disk.ts';

/** Kernels complain about such disks, and rightly so. */
const expected = [/I\/O error|lost async page write|FAT-fs|Buffer I\/O|failed command|exception Emask/];

const jobFile = (id: string, label: string, step: string): string =>
  `version: 1\nid: ${id}\ncountdown: 0\nwait: 5\nrepository: { label: ${label}, folder: images }\nsteps:\n  - ${step}\n`;

async function plugAll(machine: Machine, disks: readonly Disk[]): Promise<void> {
  for (const disk of disks) await machine.plug(disk);
  const serials = disks.map(({ name, serial = name.toUpperCase() }) => serial).join(' ');
  await machine.agent.run(
    `${diskFunction}\nset -e\nfor serial in ${serials}; do d=$(disk $serial); done; sleep 1`,
  );
}

/** Where a file of a source disk begins. */
async function findInDisk(path: string, needle: string): Promise<number> {
  const at = (await readFile(path)).indexOf(needle);
  assert.ok(at > 0, `${needle} is somewhere on the disk`);
  return at;
}

scenario('images what can be read, tells what cannot, and restores that', { expected }, async (bench) => {
  const source = await makeSourceDisk(bench.path('source.img'), { name: 'source' });
  const target = await noisyFile(bench.path('target.img'), sourceDiskBytes, 77);
  const stick = await makeLabelledStick(bench.path('stick.img'), 'PERMAFROST');
  const content = await describeSourceDisk(source);
  // In the middle of a file of 450 kB; and where no file is, at the end of the last partition.
  const letter = Math.floor((await findInDisk(source, 'source ext4 writes the same')) / 4096) * 4096 + 40960;
  const unused = 62 * (1 << 20);
  const machine = await bench.startReady();
  await plugAll(machine, [
    {
      name: 'source',
      path: source,
      bus: 'nvme',
      unreadable: [{ offsetBytes: letter }, { offsetBytes: unused }],
    },
    { name: 'target', path: target, bus: 'virtio' },
    { name: 'stick', path: stick, bus: 'usb' },
  ]);
  const saved = await runJob(
    machine,
    jobFile('a', 'PERMAFROST', 'image: { source: { serial: SOURCE }, name: a }'),
  );
  assert.deepEqual(saved, { exitCode: 3, outcome: 'done-with-gaps', end: 'stay' });
  const report = machine.job.events.find(({ type }) => type === 'report');
  const gaps = report?.['gaps'] as { offset: number; length: number; reason: string }[];
  assert.deepEqual(
    gaps.map(({ offset, length }) => ({ offset, length })),
    [{ offset: letter, length: 512 }],
    'the one sector that a file has, and not the other',
  );

  const restored = await runJob(
    machine,
    jobFile('b', 'PERMAFROST', 'restore: { image: a, target: { serial: TARGET } }'),
  );
  assert.deepEqual(restored, { exitCode: 3, outcome: 'done-with-gaps', end: 'stay' });
  await machine.agent.run('sync');
  const disk = await open(target, 'r');
  const { buffer } = await disk.read(Buffer.alloc(512, 1), 0, 512, letter);
  await disk.close();
  assert.deepEqual(
    buffer,
    Buffer.alloc(512),
    'what was not read is zeros, and nothing that was there before',
  );
  const { 'ext4: letter.txt': before, ...others } = content;
  const { 'ext4: letter.txt': after, ...restoredOthers } = await describeSourceDisk(target);
  assert.notEqual(after, before);
  assert.deepEqual(restoredOthers, others, 'everything else is there');
});

scenario(
  'says that the stick is full, or was pulled out, and goes on with another',
  { expected },
  async (bench) => {
    const source = await makeSourceDisk(bench.path('source.img'), { name: 'source' });
    const target = await noisyFile(bench.path('target.img'), sourceDiskBytes, 77);
    const content = await describeSourceDisk(source);
    const full = {
      name: 'full',
      path: await makeLabelledStick(bench.path('full.img'), 'FULL', 34),
      bus: 'usb',
    } as const;
    const good = {
      name: 'good',
      path: await makeLabelledStick(bench.path('good.img'), 'GOOD'),
      bus: 'usb',
    } as const;
    const machine = await bench.startReady();
    const slow = 4 << 20;
    await plugAll(machine, [
      { name: 'source', path: source, bus: 'virtio', bytesPerSecond: slow },
      { name: 'target', path: target, bus: 'scsi', bytesPerSecond: slow },
      full,
      good,
    ]);
    const raw = 'image: { source: { serial: SOURCE }, name: moved, raw: true }';

    assert.equal((await runJob(machine, jobFile('to-full', 'FULL', raw))).exitCode, 1);
    assert.deepEqual(reasonsOf(machine.job), ['repository/full']);

    /** Starts a job and pulls a disk out when it has begun to do something. */
    const pullWhile = async (text: string, phase: string, name: string): Promise<[JobResult, string[]]> => {
      const since = machine.job.events.length;
      await startJob(machine, text);
      await machine.job.event(
        ({ type, phase: now, doneBytes }) =>
          type === 'progress' && now === phase && Number(doneBytes) >= 16 << 20,
        120,
        `16 MB are done of ${phase}`,
        since,
      );
      await machine.unplug(name);
      const result = await resultOf(machine.job, 120, since);
      return [result, reasonsOf(machine.job, since)];
    };

    const [unplugged, why] = await pullWhile(jobFile('to-good', 'GOOD', raw), 'reading', 'good');
    assert.equal(unplugged.exitCode, 1);
    assert.match(why.join(), /^repository\//);

    await plugAll(machine, [{ ...good, name: 'again' }]);
    assert.deepEqual(await runJob(machine, jobFile('to-good', 'GOOD', raw)), {
      exitCode: 0,
      outcome: 'done',
      end: 'stay',
    });

    const back = 'restore: { image: moved, target: { serial: TARGET } }';
    const [torn, reason] = await pullWhile(jobFile('back', 'GOOD', back), 'writing', 'target');
    assert.equal(torn.exitCode, 1);
    assert.match(reason.join(), /^device\//);
    await assert.rejects(describeSourceDisk(target), 'half of a disk does not look like a whole one');

    await plugAll(machine, [{ name: 'anew', path: target, bus: 'usb', serial: 'TARGET' }]);
    assert.equal((await runJob(machine, jobFile('back-again', 'GOOD', back))).exitCode, 0);
    await machine.agent.run('sync');
    assert.deepEqual(await describeSourceDisk(target), content);
  },
);
