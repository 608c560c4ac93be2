/**
 * Disks that are only there are not changed: not by starting the image with them, not by plugging them in, not by
 * looking at what is on them. Those used here wait for somebody to replay a journal or to resynchronise an array.
 */
import assert from 'node:assert/strict';
import { makeDirtyDisks, recipes, namesOf, withDisks } from '../src/dirty-disks.ts';
import type { Bus, Disk } from '../src/disks.ts';
import { sha256 } from '../src/files.ts';
import { diskFunction } from '../src/guest-disk.ts';
import type { Machine } from '../src/machine.ts';
import { scenario } from '../src/scenario.ts';

type Named = Pick<Disk, 'name' | 'path'>;

const onBuses = (disks: readonly Named[], buses: readonly Bus[]): Disk[] =>
  disks.map((disk, index) => ({ ...disk, bus: buses[index % buses.length]! }));

async function sums(disks: readonly Named[]): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const { name, path } of disks) all[name] = await sha256(path);
  return all;
}

/** Looks at every disk with what the image has for that, as a person or a script would. */
async function lookAround(machine: Machine, disks: readonly Named[], command: string): Promise<void> {
  const states = disks.map(
    ({ name }) => `d=$(disk ${name.toUpperCase()}); ${command} $d >/dev/null
    echo ${name} $(cat /sys/block/$(basename $d)/ro) $(blkid -p -s TYPE -o value $d)`,
  );
  const shown = await machine.agent.run(`${diskFunction}\n${states.join('\n')}`, 120);
  const types = { md: 'linux_raid_member', lvm: 'LVM2_member' } as Readonly<Record<string, string>>;
  const wanted = recipes.flatMap((recipe) =>
    namesOf(recipe).map((name) => `${name} 1 ${types[recipe.kind] ?? recipe.kind}`),
  );
  assert.deepEqual(shown.split('\n').sort(), wanted.sort(), 'read-only, and seen for what they are');
  const listed = await machine.agent.run('permafrost disks');
  for (const { name } of disks) assert.match(listed, new RegExp(name.toUpperCase()));
  await machine.agent.run('lsblk -f; pvs; vgs; mdadm --examine --scan; sfdisk -l; btrfs filesystem show');
  const inUse = await machine.agent.run(
    'cat /proc/swaps | tail -n +2; grep ^md /proc/mdstat; ls /sys/block | grep ^dm-; grep -E "^/dev/(sd|vd|nvme)" /proc/mounts; true',
  );
  assert.equal(inUse, '', 'nothing is mounted, assembled, or swapped to');
}

scenario('changes no byte of a disk that is only there', { seconds: 400 }, async (bench) => {
  const disks = await makeDirtyDisks(await bench.startReady(), (name) => bench.path(name));
  const before = await sums(disks);

  const cold = await bench.start({ disks: onBuses(disks, ['ahci', 'nvme', 'virtio', 'usb']) });
  await cold.ready();
  await lookAround(cold, disks, 'blkid -p');
  await cold.switchOff();
  assert.deepEqual(await sums(disks), before, 'after a start with all of them, and an orderly end');

  const running = await bench.startReady();
  for (const disk of onBuses(disks, ['usb', 'scsi', 'nvme', 'virtio'])) await running.plug(disk);
  await lookAround(running, disks, 'permafrost inspect');
  await running.agent.run('sleep 5; sync');
  assert.deepEqual(await sums(disks), before, 'after they were plugged into a running machine');

  // Were they disks that nobody would change anyway, this would have proved nothing.
  for (const recipe of recipes) await running.agent.run(withDisks(recipe, recipe.look));
  await running.agent.run('sync');
  const after = await sums(disks);
  const changed = disks.filter(({ name }) => after[name] !== before[name]).map(({ name }) => name);
  assert.deepEqual(
    changed,
    disks.map(({ name }) => name).filter((name) => !name.startsWith('swap')),
    'what another system changes by looking',
  );
});
