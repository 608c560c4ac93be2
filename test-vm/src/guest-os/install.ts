/**
 * Disks with a small Linux on them, installed by a guest of the bootable image with GRUB's own tools: the machine that
 * restores has to bring back what an installer made, not what a test wrote. Kept in build/vm/guest-os, by what they
 * are made of.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { noisyFile, sha256 } from '../files.ts';
import { diskFunction } from '../guest-disk.ts';
import type { Machine } from '../machine.ts';
import { buildFolder, findIso, projectFolder } from '../places.ts';
import { startFromSnapshot } from '../snapshots.ts';
import { runTool } from '../tool.ts';
import { layouts, type Layout, type LayoutName } from './layouts.ts';

const folder = join(buildFolder, 'guest-os');

/** The tree that is installed; built if it is not there. */
async function findTree(): Promise<string> {
  await runTool(process.execPath, [join(projectFolder, 'scripts/small-linux/build.ts')]);
  return join(projectFolder, 'build/small-linux/small-linux.squashfs');
}

const script = (layout: Layout): string => `${diskFunction}
set -e
disk=$(disk TARGET)
tree=$(disk TREE)
target=/run/target
part() { case $disk in *[0-9]) echo "\${disk}p$1" ;; *) echo "$disk$1" ;; esac; }
settle() { # the kernel makes the devices of partitions in its own time
  n=0
  until [ -b "$(part 1)" ] || [ $n = 100 ]; do n=$((n + 1)); sleep 0.1; done
}
writable "$disk"
${layout.prepare}
mkdir -p /run/tree
mount -t squashfs -o ro "$tree" /run/tree
cp -a /run/tree/. "$target"
umount /run/tree
for name in dev proc sys; do mount --bind /$name "$target/$name"; done
# What udev would have made: update-grub asks it whether an id can be used.
mkdir -p /dev/disk/by-uuid
for device in "$disk"?* /dev/mapper/*; do
  uuid=$(/usr/sbin/blkid -s UUID -o value "$device" || :)
  [ -z "$uuid" ] || ln -s "$device" "/dev/disk/by-uuid/$uuid"
done
export disk
cat >"$target/tmp/grub" <<'SCRIPT'
${layout.grub}
SCRIPT
chroot "$target" sh -e /tmp/grub
rm "$target"/tmp/*
rm -r /dev/disk
for name in dev proc sys; do umount "$target/$name"; done
(cd "$target" && find . -type f ! -path ./var/lib/checksums -print0 | sort -z | xargs -0 sha256sum >/run/checksums)
cp /run/checksums "$target/var/lib/checksums"
/usr/bin/umount -R "$target"
sync
blockdev --setro "$disk"
`;

async function install(machine: Machine, layout: Layout, disk: string, tree: string): Promise<void> {
  await machine.plug({ name: 'tree', path: tree, bus: 'virtio', readOnly: true });
  await machine.plug({ name: 'target', path: disk, bus: 'scsi' });
  await machine.agent.run(script(layout), 240);
  await machine.powerCut();
}

const making = new Map<LayoutName, Promise<string>>();

/** The file of a disk with this layout; not to be written to. Its free space is full of noise. */
export function installedDisk(name: LayoutName): Promise<string> {
  let path = making.get(name);
  if (path === undefined) {
    path = make(name);
    making.set(name, path);
  }
  return path;
}

async function make(name: LayoutName): Promise<string> {
  const layout = layouts[name];
  const tree = await findTree();
  const key = createHash('sha256')
    .update(`${await sha256(tree)} ${script(layout)}`)
    .digest('hex')
    .slice(0, 16);
  const file = `${name}-${key}.img`;
  await mkdir(folder, { recursive: true });
  const present = await readdir(folder);
  if (present.includes(file)) return join(folder, file);
  for (const other of present)
    if (new RegExp(`^${name}-[0-9a-f]{16}\\.img$`).test(other)) await rm(join(folder, other));
  const work = await mkdtemp(join(folder, 'new-'));
  try {
    const disk = await noisyFile(join(work, 'disk.img'), layout.sizeMiB << 20);
    const machine = await startFromSnapshot({ iso: await findIso(), folder: work });
    try {
      await install(machine, layout, disk, tree);
    } finally {
      await machine.powerCut();
    }
    await rename(disk, join(folder, file));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return join(folder, file);
}
