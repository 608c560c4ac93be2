/**
 * Machines that were started once and saved when they were ready: a scenario that begins with one skips the boot.
 * Kept in build/vm/snapshots, by the image and the hardware; those of other images are removed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildFolder } from './places.ts';
import { Machine, type MachineOptions } from './machine.ts';

/** Raise it when what a saved machine holds changes for another reason than its image or its options. */
const generation = 2;
const folder = join(buildFolder, 'snapshots');
/** None takes so long to be made. */
const MAKING_MS = 20 * 60_000;

const imageDigests = new Map<string, Promise<string>>();

function imageDigest(path: string): Promise<string> {
  let digest = imageDigests.get(path);
  if (digest === undefined) {
    digest = (async () => {
      const hash = createHash('sha256');
      for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
      return hash.digest('hex').slice(0, 16);
    })();
    imageDigests.set(path, digest);
  }
  return digest;
}

/** What decides whether two machines are the same when they are ready. */
export type SnapshotOptions = Omit<MachineOptions, 'folder' | 'savedState' | 'disks' | 'medium' | 'firmware'>;

/**
 * A machine that is ready: a disc in the drive, BIOS, no disk, room to plug disks in. Boots one and saves it if there
 * is none yet.
 */
export async function startFromSnapshot(
  options: SnapshotOptions & { readonly folder: string },
): Promise<Machine> {
  const { folder: own, ...hardware } = options;
  const machineOptions = { ...hardware, hotPlug: true, medium: 'cd', firmware: 'bios' } as const;
  const image = await imageDigest(options.iso ?? '');
  const key = createHash('sha256')
    .update(JSON.stringify([generation, Object.entries(machineOptions).sort()]))
    .digest('hex')
    .slice(0, 16);
  const path = join(folder, `${image}-${key}.state`);
  await mkdir(folder, { recursive: true });
  const present = await readdir(folder);
  if (!present.includes(`${image}-${key}.state`)) {
    for (const name of present) {
      // Another scenario may be making one at this moment.
      if (!name.startsWith(`${image}-`) && (await isOld(join(folder, name))))
        await rm(join(folder, name), { recursive: true, force: true });
    }
    await makeSnapshot(path, machineOptions);
  }
  return Machine.start({ ...machineOptions, folder: own, savedState: path });
}

async function isOld(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > MAKING_MS;
}

async function makeSnapshot(path: string, options: Omit<MachineOptions, 'folder'>): Promise<void> {
  const work = await mkdtemp(join(folder, 'new-'));
  const machine = await Machine.start({ ...options, folder: work });
  try {
    await machine.ready();
    // What runs at its own pace after the consoles are drawn is settled when the agent has had its turn.
    await machine.agent.run('sync');
    await machine.save(join(work, 'state'));
    await rename(join(work, 'state'), path);
  } finally {
    await machine.powerCut();
    await rm(work, { recursive: true, force: true });
  }
}
