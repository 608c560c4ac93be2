/** The power fails while an image is made, and again while it is restored; the machine starts again and goes on. */
import assert from 'node:assert/strict';
import type { Disk } from '../src/disks.ts';
import { bootJob } from '../src/drive-job.ts';
import { sha256 } from '../src/files.ts';
import type { JobEvent } from '../src/job-port.ts';
import { makeLabelledStick, putOnStick } from '../src/labelled-stick.ts';
import type { Machine } from '../src/machine.ts';
import { scenario } from '../src/scenario.ts';
import { describeSourceDisk, makeSourceDisk } from '../src/source-disk.ts';
import { runTool } from '../src/tool.ts';

const job = `version: 1
id: move
countdown: 0
repository: { label: PERMAFROST, folder: images }
steps:
  - image: { source: { serial: SOURCE }, name: moved, raw: true }
  - restore: { image: moved, target: { serial: TARGET } }
  - verify: { image: moved }
end: power-off
on-failure: power-off
`;

/** Pulls the plug when the job has done at least this many bytes of a phase. */
async function cutWhile(machine: Machine, phase: string, doneBytes: number): Promise<void> {
  const isThere = (event: JobEvent): boolean =>
    event['type'] === 'progress' && event['phase'] === phase && Number(event['doneBytes']) >= doneBytes;
  await machine.job.event(isThere, 300, `${phase} has done ${doneBytes} bytes`);
  await machine.powerCut();
  const ends = machine.job.events.filter(({ type }) => type === 'result');
  assert.deepEqual(ends, [], `the job was over before the plug was pulled while ${phase}`);
}

const stepsBegun = (machine: Machine): unknown[] =>
  machine.job.events
    .filter(({ type }) => type === 'step')
    .map(({ step, continues }) => ({ step, continues }));

scenario(
  'goes on after a power cut in the middle of imaging and of restoring',
  { seconds: 480 },
  async (bench) => {
    const disk = (name: string, more: Partial<Disk> = {}): Disk => {
      return { name, path: bench.path(`${name}.img`), bus: 'virtio', ...more };
    };
    const [source, target] = [disk('source'), disk('target')];
    await makeSourceDisk(source.path, { name: 'source' });
    await makeSourceDisk(target.path, { name: 'what was there before' });
    const [content, bytes] = [await describeSourceDisk(source.path), await sha256(source.path)];
    const stick = disk('stick', {
      bus: 'usb',
      path: await makeLabelledStick(bench.path('stick.img'), 'PERMAFROST'),
    });
    await putOnStick(stick.path, 'permafrost-job.yaml', job);
    // Slow disks, so that there is a middle.
    const slowly = (one: Disk): Disk => ({ ...one, bytesPerSecond: 4 << 20 });

    const first = await bench.start({ disks: [slowly(source), target, stick] });
    await cutWhile(first, 'reading', 24 << 20);
    assert.equal(await sha256(source.path), bytes, 'the source is what it was');

    const second = await bench.start({ disks: [source, slowly(target), stick] });
    await cutWhile(second, 'writing', 24 << 20);
    assert.deepEqual(stepsBegun(second), [
      { step: 1, continues: true },
      { step: 2, continues: false },
    ]);
    await assert.rejects(
      runTool('sfdisk', ['--dump', target.path]),
      'a half-written disk has no partition table',
    );

    const third = await bench.start({ disks: [source, target, stick] });
    assert.deepEqual(await bootJob(third), { exitCode: 0, outcome: 'done', end: 'power-off' });
    assert.deepEqual(stepsBegun(third), [
      { step: 2, continues: true },
      { step: 3, continues: false },
    ]);
    await third.switchedOff();
    assert.deepEqual(await describeSourceDisk(target.path), content);
    assert.equal(await sha256(target.path), bytes, 'every byte, since the image is a raw one');
    assert.equal(await sha256(source.path), bytes, 'the source is what it was');
  },
);
