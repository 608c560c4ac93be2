/**
 * How the small Linux lies on a disk: shell scripts for the guest that installs it. Each partitions `$disk`, whose
 * partitions `part N` names, makes the file systems, mounts them at `$target`, and writes `$target/etc/fstab`. Every
 * id is given, so that two installations differ in nothing that matters.
 */
import type { Firmware } from '../firmware.ts';

/** A file system that is looked into from outside. */
export interface FileSystemPlace {
  readonly partition: number;
  readonly kind: 'btrfs' | 'ext4' | 'fat';
}

export interface Layout {
  readonly sizeMiB: number;
  /** What starts it. */
  readonly firmware: Firmware;
  readonly fileSystems: readonly FileSystemPlace[];
  /** Before anything is copied. */
  readonly prepare: string;
  /** GRUB's installation, inside the installed system. */
  readonly grub: string;
  /** What only a boot entry in the firmware's own memory starts: no machine that has not made one. */
  readonly needsBootEntry?: true;
}

/** An id of the disk with this number: 8-4-4-4-12 digits, the last of which says what it is of. */
const id = (disk: number, what: number): string =>
  `5a17${disk.toString(16).padStart(4, '0')}-0c0d-4bee-8fee-${what.toString(16).padStart(12, '0')}`;

const types = {
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  biosBoot: '21686148-6449-6E6F-744E-656564454649',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  swap: '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F',
} as const;

const gpt = (
  disk: number,
  ...partitions: readonly (readonly [keyof typeof types, string, string])[]
): string => {
  const lines = partitions.map(
    ([type, size, name], index) =>
      `${size === '' ? '' : `size=${size}, `}type=${types[type]}, uuid=${id(disk, index + 1)}, name="${name}"`,
  );
  return `sfdisk -q "$disk" <<'TABLE'\nlabel: gpt\nlabel-id: ${id(disk, 0)}\n${lines.join('\n')}\nTABLE\nsettle`;
};

const ext4 = (device: string, uuid: string, label: string, options = '-q'): string =>
  `mkfs.ext4 ${options} -F -U ${uuid} -L ${label} -E hash_seed=${uuid} ${device}`;

/** UEFI's system partition, which is the first of this disk: what makes it, mounts it, and stands for it in fstab. */
const esp = (disk: number) => {
  const volumeId = `5a17${disk.toString(16).padStart(4, '0')}`;
  const name = `UUID=${volumeId.slice(0, 4).toUpperCase()}-${volumeId.slice(4).toUpperCase()}`;
  return {
    make: (shape: string): string => `mkfs.fat ${shape} -s 1 -i ${volumeId} -n EFI "$(part 1)"`,
    mount: [name, '/boot/efi', 'vfat', 'rw'],
    fstab: `${name} /boot/efi vfat umask=0077 0 1`,
  } as const;
};

const swap = (device: string, uuid: string): string => `/usr/sbin/mkswap -q -U ${uuid} ${device}`;

/** Mounts: what, where, type, options. */
const mounts = (...list: readonly (readonly [string, string, string, string])[]): string =>
  list
    .map(([what, where, type, options]) => {
      const point = `"$target${where === '/' ? '' : where}"`;
      return `mkdir -p ${point}\nmount -t ${type} -o ${options} "$(findfs ${what})" ${point}`;
    })
    .join('\n');

const fstab = (...lines: readonly string[]): string =>
  `mkdir -p "$target/etc"\ncat >"$target/etc/fstab" <<'FSTAB'\n${lines.join('\n')}\nFSTAB`;

const grubMenu = 'grub-mkconfig -o /boot/grub/grub.cfg';
const grubForBios = `grub-install --target=i386-pc "$disk"\n${grubMenu}`;

const grubForUefi = 'grub-install --target=x86_64-efi --efi-directory=/boot/efi --no-nvram';

/** ESP, root and swap, started by the ESP's fallback path; the file systems made with these options. */
const uefiWithExt4 = (disk: number, fatShape: string, ext4Options?: string): Layout => ({
  sizeMiB: 512,
  firmware: 'uefi',
  fileSystems: [
    { partition: 1, kind: 'fat' },
    { partition: 2, kind: 'ext4' },
  ],
  prepare: [
    gpt(disk, ['esp', '40MiB', 'esp'], ['linux', '400MiB', 'root'], ['swap', '64MiB', 'swap']),
    esp(disk).make(fatShape),
    ext4('"$(part 2)"', id(disk, 0x12), 'root', ext4Options),
    swap('"$(part 3)"', id(disk, 0x13)),
    mounts([`UUID=${id(disk, 0x12)}`, '/', 'ext4', 'rw'], esp(disk).mount),
    fstab(
      `UUID=${id(disk, 0x12)} / ext4 errors=remount-ro 0 1`,
      esp(disk).fstab,
      `UUID=${id(disk, 0x13)} none swap sw 0 0`,
    ),
  ].join('\n'),
  grub: `${grubForUefi} --removable\n${grubMenu}`,
});

export const layouts = {
  'bios-gpt': {
    sizeMiB: 512,
    firmware: 'bios',
    fileSystems: [{ partition: 2, kind: 'ext4' }],
    prepare: [
      gpt(1, ['biosBoot', '1MiB', 'grub'], ['linux', '400MiB', 'root'], ['swap', '64MiB', 'swap']),
      ext4('"$(part 2)"', id(1, 0x12), 'root'),
      swap('"$(part 3)"', id(1, 0x13)),
      mounts([`UUID=${id(1, 0x12)}`, '/', 'ext4', 'rw']),
      fstab(`UUID=${id(1, 0x12)} / ext4 errors=remount-ro 0 1`, `UUID=${id(1, 0x13)} none swap sw 0 0`),
    ].join('\n'),
    grub: grubForBios,
  },
  'uefi-gpt': uefiWithExt4(2, '-F 32'),
  /** All file systems are for sectors of 4096 bytes, as an installer makes them on a disk that has such. */
  'uefi-4k': uefiWithExt4(5, '-F 16 -S 4096', '-q -b 4096'),
  'uefi-btrfs': {
    sizeMiB: 640,
    firmware: 'uefi',
    fileSystems: [
      { partition: 1, kind: 'fat' },
      { partition: 2, kind: 'btrfs' },
    ],
    prepare: [
      gpt(3, ['esp', '40MiB', 'esp'], ['linux', '', 'root']),
      esp(3).make('-F 32'),
      `mkfs.btrfs -q -f -U ${id(3, 0x12)} -L root "$(part 2)"`,
      'mkdir -p /run/top\nmount -t btrfs "$(part 2)" /run/top\nbtrfs -q subvolume create /run/top/@\numount /run/top',
      mounts([`UUID=${id(3, 0x12)}`, '/', 'btrfs', 'rw,subvol=@'], esp(3).mount),
      fstab(`UUID=${id(3, 0x12)} / btrfs subvol=@ 0 0`, esp(3).fstab),
    ].join('\n'),
    // Known to the firmware by a boot entry alone, as on most machines.
    grub: `${grubForUefi} --bootloader-id=small\n${grubMenu}`,
    needsBootEntry: true,
  },
  'bios-lvm': {
    sizeMiB: 640,
    firmware: 'bios',
    fileSystems: [{ partition: 1, kind: 'ext4' }],
    prepare: [
      `sfdisk -q "$disk" <<'TABLE'\nlabel: dos\nlabel-id: 0x5a170004\nsize=120MiB, type=83, bootable\ntype=8e\nTABLE\nsettle`,
      ext4('"$(part 1)"', id(4, 0x11), 'boot'),
      'pvcreate -q -y "$(part 2)"\nvgcreate -q small "$(part 2)"',
      'lvcreate -q -y -Zn -Wn -L 400M -n root small\nlvcreate -q -y -Zn -Wn -L 64M -n swap small',
      ext4('/dev/small/root', id(4, 0x12), 'root'),
      swap('/dev/small/swap', id(4, 0x13)),
      mounts([`UUID=${id(4, 0x12)}`, '/', 'ext4', 'rw'], [`UUID=${id(4, 0x11)}`, '/boot', 'ext4', 'rw']),
      fstab(
        '/dev/mapper/small-root / ext4 errors=remount-ro 0 1',
        `UUID=${id(4, 0x11)} /boot ext4 defaults 0 2`,
        '/dev/mapper/small-swap none swap sw 0 0',
      ),
    ].join('\n'),
    grub: grubForBios,
  },
} as const satisfies Readonly<Record<string, Layout>>;

export type LayoutName = keyof typeof layouts;
