/** The command of docs/vm.md, as a pipeline calls it: what it prints, and what it exits with. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { emptyFile, noisyFile, sha256 } from '../src/files.ts';
import { projectFolder } from '../src/places.ts';
import { runTool } from '../src/tool.ts';
import { limitMs } from '../src/watch.ts';

const command = join(projectFolder, 'node_modules/.bin/permafrost-vm');

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
  readonly seconds: number;
}

async function permafrostVm(args: readonly string[]): Promise<Run> {
  const started = performance.now();
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, errors, seconds: (performance.now() - started) / 1000 };
}

async function scratch(t: TestContext): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(process.env['PERMAFROST_SCRATCH'] ?? '/var/tmp', 'vm-command-'));
  t.after(() => rm(folder, { recursive: true }));
  return (name) => join(folder, name);
}

const job = `version: 1
id: prove-restorable
countdown: 0
repository: { label: IMAGES, folder: . }
steps:
  - image: { source: { serial: SOURCE1 } }
  - verify: {}
  - restore: { image: latest, target: { serial: TARGET1 } }
end: power-off
on-failure: power-off
`;

test(
  'a job runs in a machine of its own, and its exit code is the command’s',
  { timeout: limitMs(300) },
  async (t) => {
    const path = await scratch(t);
    await noisyFile(path('source.img'), 48 << 20);
    await emptyFile(path('target.img'), 48 << 20);
    await emptyFile(path('images.img'), 160 << 20);
    await runTool('mkfs.ext4', ['-q', '-L', 'IMAGES', path('images.img')]);
    await writeFile(path('job.yaml'), job);
    const before = await sha256(path('source.img'));
    const { code, output, errors, seconds } = await permafrostVm([
      ...['--job', path('job.yaml'), '--screenshot', path('end.png')],
      ...['--disk', `${path('source.img')},serial=SOURCE1,bus=ahci`],
      ...['--disk', `${path('images.img')},serial=IMAGES,bus=usb`],
      ...['--disk', `${path('target.img')},serial=TARGET1,bus=nvme`],
    ]);
    t.diagnostic(`${seconds.toFixed(0)} s`);
    assert.equal(code, 0, `${output}${errors}`);
    assert.match(errors, /^permafrost-vm: the machine has started, in \d+ s\n$/);
    assert.match(
      output,
      /^job "prove-restorable", images in .*IMAGES\nOVERWRITES .*TARGET1.*\nstep 1 of 3: image\n/,
    );
    assert.match(output, /\nimage: done\nstep 2 of 3: verify\n[^]*\nrestore: done\nthe job ended: done\n$/);
    assert.equal(await sha256(path('target.img')), before);
    assert.equal(await sha256(path('source.img')), before);
  },
);
