/** The main job on the real medium: a stick with a job file, no key pressed, disks on every bus. */
import assert from 'node:assert/strict';
import { buses, serialOf, type Disk } from '../src/disks.ts';
import { bootJob } from '../src/drive-job.ts';
import { noisyFile, sha256 } from '../src/files.ts';
import { makeLabelledStick, putOnStick } from '../src/labelled-stick.ts';
import { scenario } from '../src/scenario.ts';
import { describeSourceDisk, makeSourceDisk, sourceDiskBytes } from '../src/source-disk.ts';

scenario(
  'images the disks of every bus, and restores them after they were wiped',
  { seconds: 480 },
  async (bench) => {
    const disks: Disk[] = [
      ...buses.map((bus): Disk => ({ name: `${bus}-512`, bus, path: bench.path(`${bus}.img`) })),
      { name: 'nvme-4kn', bus: 'nvme', path: bench.path('nvme-4kn.img'), sectorSizeBytes: 4096 },
      { name: 'card', bus: 'sd', path: bench.path('card.img') },
    ];
    for (const { path, name, sectorSizeBytes = 512 } of disks)
      await makeSourceDisk(path, { name, sectorSizeBytes });
    const describeAll = (): Promise<object[]> =>
      Promise.all(disks.map(({ path }) => describeSourceDisk(path)));
    const sumAll = (): Promise<string[]> => Promise.all(disks.map(({ path }) => sha256(path)));
    const [content, bytes] = [await describeAll(), await sumAll()];
    const serial = (disk: Disk): string => `{ serial: ${JSON.stringify(serialOf(disk))} }`;

    const path = await makeLabelledStick(bench.path('stick.img'), 'PERMAFROST');
    const all = [...disks, { name: 'stick', path, bus: 'usb' } as const];
    const common =
      'version: 1\nrepository: { label: PERMAFROST, folder: images }\nend: power-off\non-failure: power-off\n';
    await putOnStick(
      path,
      'permafrost-job.yaml',
      `${common}id: save
steps:
  - image: { sources: [${disks.map(serial).join(', ')}], name: all }
  - verify: { image: all }
`,
    );
    const first = await bench.start({ disks: all });
    const saved = await bootJob(first);
    assert.deepEqual([saved.outcome, saved.exitCode, saved.end], ['done', 0, 'power-off']);
    await first.switchedOff();
    assert.deepEqual(await sumAll(), bytes, 'imaging changes no byte of a source');

    for (const [index, disk] of disks.entries()) await noisyFile(disk.path, sourceDiskBytes, 1000 + index);
    const targets = disks.map((disk, index) => `{ disk: ${index + 1}, target: ${serial(disk)} }`);
    await putOnStick(
      path,
      'permafrost-job.yaml',
      `${common}id: put-back\ncountdown: 3\nsteps:\n  - restore: { image: all, targets: [${targets.join(', ')}] }\n`,
    );
    const second = await bench.start({ firmware: 'uefi', disks: all });
    const restored = await bootJob(second);
    assert.deepEqual([restored.outcome, restored.exitCode, restored.end], ['done', 0, 'power-off']);
    const announced = second.job.events.find(({ type }) => type === 'job');
    assert.equal((announced?.['overwrites'] as unknown[]).length, disks.length, 'every target was named');
    await second.switchedOff();
    assert.deepEqual(await describeAll(), content);
  },
);
