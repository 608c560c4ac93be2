/**
 * Disks that other systems would write to when they see them: file systems whose journal waits to be replayed, parts
 * of an array, a volume group, swap. Made by a guest of its own, in use when its plug is pulled.
 */
import { open } from 'node:fs/promises';
import type { Disk } from './disks.ts';
import type { Bench } from './scenario.ts';

const sizeBytes = 320 << 20;

/** What makes each of them; `$1`, `$2`… are its disks. They are written to, and not let go. */
const recipes: Readonly<Record<string, { readonly disks: number; readonly script: string }>> = {
  ext4: {
    disks: 1,
    script:
      'mkfs.ext4 -q -F $1; mkdir /run/a; mount $1 /run/a; cp /usr/bin/* /run/a; sync; touch /run/a/x; sync',
  },
  xfs: {
    disks: 1,
    script: 'mkfs.xfs -q -f $1; mkdir /run/b; mount $1 /run/b; cp /etc/* /run/b; sync; touch /run/b/x; sync',
  },
  ntfs: {
    disks: 1,
    script:
      'mkntfs -q -F -f $1; modprobe ntfs3; mkdir /run/c; mount -t ntfs3 $1 /run/c; cp /etc/* /run/c; sync; touch /run/c/x; sync',
  },
  btrfs: {
    disks: 1,
    script:
      'mkfs.btrfs -q -f $1; mkdir /run/d; mount $1 /run/d; cp /etc/* /run/d; sync; touch /run/d/x; sync',
  },
  md: {
    disks: 2,
    script:
      'mdadm --create /dev/md/test --run --metadata=1.2 --level=1 --raid-devices=2 $1 $2; mkfs.ext4 -q /dev/md/test; mkdir /run/e; mount /dev/md/test /run/e; cp /etc/* /run/e; sync',
  },
  lvm: {
    disks: 1,
    script:
      'pvcreate -q -y $1; vgcreate -q test $1; lvcreate -q -y -Zn -l 50 -n data test; mkfs.ext4 -q -F /dev/test/data; mkdir /run/f; mount /dev/test/data /run/f; cp /etc/* /run/f; sync',
  },
  swap: { disks: 1, script: 'mkswap $1; swapon $1' },
};

/** Makes them all, as files of the bench. */
export async function makeDirtyDisks(bench: Bench): Promise<Disk[]> {
  const machine = await bench.startReady();
  const all: Disk[] = [];
  for (const [kind, { disks, script }] of Object.entries(recipes)) {
    const names = Array.from({ length: disks }, (_, index) => `${kind}${index + 1}`);
    for (const name of names) {
      const path = bench.path(`${name}.img`);
      const file = await open(path, 'w');
      await file.truncate(sizeBytes);
      await file.close();
      const disk = { name, path, bus: 'scsi' } as const;
      await machine.plug(disk);
      all.push(disk);
    }
    const find = names.map((name) => `$(dev ${name.toUpperCase()})`).join(' ');
    await machine.agent.run(`${findDevice}\nset -e\nset -- ${find}\nblockdev --setrw $*\n${script}`, 120);
  }
  await machine.powerCut();
  return all;
}

/** A shell function `dev SERIAL`, which waits for a disk and prints its device. */
export const findDevice = `dev() {
  n=0
  while [ $n -lt 100 ]; do
    name=$(lsblk -dnro NAME,SERIAL | sed -n "s/^\\([^ ]*\\) $1\\$/\\1/p")
    [ -z "$name" ] || { echo "/dev/$name"; return 0; }
    n=$((n + 1)); sleep 0.1
  done
  echo "no disk $1" >&2; return 1
}`;
