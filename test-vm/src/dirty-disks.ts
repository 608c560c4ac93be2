/**
 * Disks that other systems would write to as soon as they see them: file systems whose journal waits to be replayed,
 * the half of an array, a volume group, swap. Made by a guest of their own, in use when its plug is pulled.
 */
import type { Disk } from './disks.ts';
import { emptyFile } from './files.ts';
import { diskFunction } from './guest-disk.ts';
import type { Machine } from './machine.ts';

interface Recipe {
  readonly kind: string;
  /** MiB of each of its disks: as little as its mkfs takes. */
  readonly sizes: readonly number[];
  /** `$1`, `$2`… are the disks. They are written to, and not let go. */
  readonly make: string;
  /** What a system does that means no harm: puts parts together, and mounts to look, read-only where that can be. */
  readonly look: string;
}

const use = (device: string, name: string, type = 'ext4', options = 'rw'): string =>
  `mkdir -p /run/dirty/${name}; mount -t ${type} -o ${options} ${device} /run/dirty/${name}
  cp /etc/[a-m]* /run/dirty/${name} 2>/dev/null || :; sync; touch /run/dirty/${name}/after; sync`;
const mountToLook = (device: string, type = 'ext4'): string =>
  `mkdir -p /run/look; mount -t ${type} -o ro ${device} /run/look; ls /run/look >/dev/null; umount /run/look`;

export const recipes: readonly Recipe[] = [
  { kind: 'ext4', sizes: [64], make: `mkfs.ext4 -q -F $1; ${use('$1', 'ext4')}`, look: mountToLook('$1') },
  {
    kind: 'xfs',
    sizes: [320],
    make: `mkfs.xfs -q -f $1; ${use('$1', 'xfs', 'xfs')}`,
    look: mountToLook('$1', 'xfs'),
  },
  {
    kind: 'ntfs',
    sizes: [64],
    make: `mkntfs -q -F -f $1 >/dev/null; ${use('$1', 'ntfs', 'ntfs3')}`,
    // When it was read last is written down.
    look: `modprobe fuse; mkdir -p /run/look; ntfs-3g $1 /run/look; cat /run/look/* >/dev/null 2>&1 || :
    umount /run/look; while pidof ntfs-3g >/dev/null; do sleep 0.1; done`,
  },
  {
    kind: 'md',
    sizes: [64, 64],
    make: `mdadm --create /dev/md/test --run --metadata=1.2 --level=1 --raid-devices=2 $1 $2 2>&1
    mkfs.ext4 -q /dev/md/test; ${use('/dev/md/test', 'md')}`,
    look: `mdadm --assemble /dev/md/test $1 $2 2>&1; ${mountToLook('/dev/md/test')}; mdadm --stop /dev/md/test 2>&1`,
  },
  {
    kind: 'lvm',
    sizes: [64],
    make: `pvcreate -q -y $1; vgcreate -q test $1; lvcreate -q -y -Zn -Wn -l 12 -n data test
    mkfs.ext4 -q -F /dev/test/data; ${use('/dev/test/data', 'lvm')}`,
    look: `vgchange -q -ay test; ${mountToLook('/dev/test/data')}; vgchange -q -an test`,
  },
  {
    kind: 'btrfs',
    sizes: [128],
    // What one file's sync wrote into the log tree waits there until the whole is committed: by any later `sync`.
    make: `mkfs.btrfs -q -f $1; ${use('$1', 'btrfs', 'btrfs', 'commit=900')}
    dd if=/etc/passwd of=/run/dirty/btrfs/x conv=fsync 2>/dev/null`,
    look: mountToLook('$1', 'btrfs'),
  },
  { kind: 'swap', sizes: [64], make: 'mkswap $1 >/dev/null; swapon $1', look: 'swapon $1; swapoff $1' },
];

/** The names of a recipe's disks, which in capitals are their serial numbers. */
export const namesOf = ({ kind, sizes }: Recipe): string[] => sizes.map((_, index) => `${kind}-${index + 1}`);

/** Makes them all as files, in a machine that is ready, and pulls its plug. */
export async function makeDirtyDisks(
  machine: Machine,
  path: (name: string) => string,
): Promise<Pick<Disk, 'name' | 'path'>[]> {
  const all: Pick<Disk, 'name' | 'path'>[] = [];
  for (const recipe of recipes) {
    for (const [index, name] of namesOf(recipe).entries()) {
      const disk = { name, path: path(`${name}.img`) };
      await emptyFile(disk.path, recipe.sizes[index]! << 20);
      await machine.plug({ ...disk, bus: 'scsi' });
      all.push(disk);
    }
    await machine.agent.run(withDisks(recipe, recipe.make), 120);
  }
  await machine.powerCut();
  return all;
}

/** A script that has the recipe's disks as `$1`, `$2`…, and may write to them. */
export function withDisks(recipe: Recipe, script: string): string {
  const disks = namesOf(recipe).map((name) => `$(disk ${name.toUpperCase()})`);
  return `${diskFunction}\nset -e\nset -- ${disks.join(' ')}\nfor one; do writable $one; done\n${script}`;
}
