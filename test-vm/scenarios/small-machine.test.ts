/** 256 MB of memory are enough, with a job that the kernel's command line names. */
import assert from 'node:assert/strict';
import { chooseEntryWith } from '../src/boot-menu.ts';
import { bootJob } from '../src/drive-job.ts';
import { noisyFile } from '../src/files.ts';
import { makeLabelledStick, putOnStick } from '../src/labelled-stick.ts';
import { scenario } from '../src/scenario.ts';
import { describeSourceDisk, makeSourceDisk, sourceDiskBytes } from '../src/source-disk.ts';

const job = `version: 1
id: small
countdown: 0
repository: { label: STORE, folder: images }
steps:
  - image: { source: { serial: SOURCE } }
  - verify: { image: latest, independent: true }
  - restore: { image: latest, target: { serial: TARGET } }
end: power-off
`;

scenario('images and restores with 256 MB of memory', { seconds: 360 }, async (bench) => {
  const source = await makeSourceDisk(bench.path('source.img'), { name: 'source' });
  const target = await noisyFile(bench.path('target.img'), sourceDiskBytes, 77);
  const stick = await makeLabelledStick(bench.path('stick.img'), 'STORE');
  await putOnStick(stick, 'lab.yaml', job);
  const machine = await bench.start({
    memoryMB: 256,
    processors: 1,
    disks: [
      { name: 'source', path: source, bus: 'ahci' },
      { name: 'target', path: target, bus: 'nvme' },
      { name: 'stick', path: stick, bus: 'usb' },
    ],
  });
  await chooseEntryWith(machine, 'Permafrost, low memory', 'permafrost.job=LABEL=STORE:/lab.yaml');
  assert.deepEqual(await bootJob(machine), { exitCode: 0, outcome: 'done', end: 'power-off' });
  await machine.switchedOff();
  assert.deepEqual(await describeSourceDisk(target), await describeSourceDisk(source));
});
