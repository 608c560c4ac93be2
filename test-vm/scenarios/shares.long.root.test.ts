/** Images on the network: written to and read from real servers, which go away in the middle and come back. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Disk } from '../src/disks.ts';
import { resultOf, runJob, startJob } from '../src/drive-job.ts';
import { noisyFile, sha256 } from '../src/files.ts';
import type { Machine } from '../src/machine.ts';
import { scenario } from '../src/scenario.ts';
import { nfsServer, smbServer, type ShareServer } from '../src/share-servers.ts';
import { makeSourceDisk, sourceDiskBytes } from '../src/source-disk.ts';

const servers: Readonly<Record<string, (folder: string, port: number) => Promise<ShareServer>>> = {
  SMB: smbServer,
  NFS: nfsServer,
};

/** A port that nobody uses at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

const jobFile = (id: string, { rule }: ShareServer, step: string): string =>
  `version: 1\nid: ${id}\ncountdown: 0\nrepository: ${rule}\nsteps:\n  - ${step}\n`;

const waits = (machine: Machine, since: number): unknown[] =>
  machine.job.events.slice(since).filter(({ type }) => type === 'waiting' || type === 'note');

for (const [kind, make] of Object.entries(servers)) {
  scenario(
    `an image goes over ${kind} to a server that goes away in between`,
    { seconds: 480 },
    async (bench) => {
      const folder = bench.path('server');
      await mkdir(folder);
      const server = await make(folder, await freePort());
      try {
        const disk = async (name: string): Promise<Disk> => {
          const path = await noisyFile(bench.path(`${name}.img`), sourceDiskBytes, name.length);
          return { name, path, bus: 'virtio' };
        };
        const [source, target] = [await disk('source'), await disk('target')];
        await makeSourceDisk(source.path, { name: 'source' });
        const bytes = await sha256(source.path);
        const machine = await bench.startReady({ network: 'user' });
        // Slow, so that there is a middle.
        await machine.plug({ ...source, bytesPerSecond: 3 << 20 });
        await machine.plug(target);

        // The server is not there yet: that is waited for, and said.
        await startJob(
          machine,
          jobFile('save', server, 'image: { source: { serial: SOURCE }, name: whole, raw: true }'),
        );
        await machine.job.event(({ type }) => type === 'waiting', 60, 'the job says that it waits');
        await server.start();
        await machine.job.event(
          (event) =>
            event['type'] === 'progress' &&
            event['phase'] === 'reading' &&
            Number(event['doneBytes']) > sourceDiskBytes / 3,
          120,
          'a third is read',
        );
        const before = machine.job.events.length;
        await server.pullPlug();
        await new Promise((resolve) => setTimeout(resolve, 15_000));
        assert.deepEqual(
          machine.job.events.slice(before).filter(({ type }) => type === 'result'),
          [],
          'the job is held up',
        );
        await server.start();
        const saved = await resultOf(machine.job, 240);
        assert.deepEqual(
          [saved.outcome, saved.exitCode],
          ['done', 0],
          JSON.stringify(waits(machine, before)),
        );
        assert.equal(await sha256(source.path), bytes, 'imaging changes no byte of the disk');

        const restored = await runJob(
          machine,
          jobFile('put-back', server, 'restore: { image: whole, target: { serial: TARGET } }'),
        );
        assert.deepEqual([restored.outcome, restored.exitCode], ['done', 0]);
        await machine.agent.run('sync');
        assert.equal(await sha256(target.path), bytes, 'every byte, since the image is a raw one');
        assert.equal(
          await machine.agent.run('grep -E " (nfs4?|cifs) " /proc/mounts || true'),
          '',
          'nothing is mounted',
        );
      } finally {
        await server.pullPlug();
      }
    },
  );
}
