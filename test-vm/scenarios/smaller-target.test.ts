/** A disk goes to a smaller one, and its file systems shrink for it, with the tools and the kernel of the image. */
import assert from 'node:assert/strict';
import { runJob } from '../src/drive-job.ts';
import { noisyFile } from '../src/files.ts';
import { diskFunction } from '../src/guest-disk.ts';
import { makeLabelledStick } from '../src/labelled-stick.ts';
import { scenario } from '../src/scenario.ts';
import { describeSourceDisk, makeSourceDisk, readSourcePlaces } from '../src/source-disk.ts';
import { runTool } from '../src/tool.ts';

const MiB = 1 << 20;

scenario('clones a disk to one of half its size: FAT, ext4 and NTFS shrink', {}, async (bench) => {
  const source = await makeSourceDisk(bench.path('source.img'), { name: 'source' });
  const target = await noisyFile(bench.path('target.img'), 32 * MiB, 77);
  const stick = await makeLabelledStick(bench.path('stick.img'), 'PERMAFROST');
  const content = { ...(await describeSourceDisk(source)), table: 'another' };
  const unchanged = await runTool('sha256sum', [source]);
  const machine = await bench.startReady();
  await machine.plug({ name: 'source', path: source, bus: 'nvme' });
  await machine.plug({ name: 'target', path: target, bus: 'virtio' });
  await machine.plug({ name: 'stick', path: stick, bus: 'usb' });
  await machine.agent.run(
    `${diskFunction}\nset -e\nfor serial in SOURCE TARGET STICK; do d=$(disk $serial); done; sleep 1`,
  );
  const result = await runJob(
    machine,
    [
      'version: 1\nid: small\ncountdown: 0\nwait: 5\nrepository: { label: PERMAFROST, folder: images }',
      'steps:\n  - clone: { source: { serial: SOURCE }, target: { serial: TARGET } }\n',
    ].join('\n'),
  );
  assert.deepEqual(result, { exitCode: 0, outcome: 'done', end: 'stay' });
  await machine.agent.run('sync');
  const places = await readSourcePlaces(target);
  const before = await readSourcePlaces(source);
  places.forEach(({ sizeBytes }, i) => assert.ok(sizeBytes < before[i]!.sizeBytes, `partition ${i + 1}`));
  const copied = { ...(await describeSourceDisk(target, places)), table: 'another' };
  assert.deepEqual(copied, content);
  assert.equal(await runTool('sha256sum', [source]), unchanged);
});
