/** Which partitions can be grown, with which tool, and why others cannot. */
import { remark, type Remark, type Said, say } from '../base/remarks.ts';
import type { FileSystemInfo, FileSystemKind } from '../filesystem/file-system.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import { OWN_TOOL } from './shrinkable.ts';

/** What grows with a partition: its file system by a tool, or nothing yet (`later` says what helps then). */
export type Growability =
  { readonly tool: string } | { readonly later: Remark } | { readonly problem: Remark };

const tools: Partial<Record<FileSystemKind, string>> = {
  ext2: 'resize2fs',
  ext3: 'resize2fs',
  ext4: 'resize2fs',
  ntfs: 'ntfsresize',
  xfs: 'xfs_growfs',
  btrfs: 'btrfs',
  fat12: OWN_TOOL,
  fat16: OWN_TOOL,
  fat32: OWN_TOOL,
};

/** What lies in these finds more room when it is told to, in the running system. */
const containers: Partial<Record<FileSystemKind, Remark>> = {
  lvm2: remark('grow-later/lvm2'),
  luks: remark('grow-later/luks'),
};

/** By type, these have the size that they need, whatever is in them: GPT type GUIDs and MBR types. */
const servants: Readonly<Record<string, Said>> = {
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b': say('servant/esp'),
  '21686148-6449-6e6f-744e-656564454649': say('servant/bios-boot'),
  'e3c9e316-0b5c-4db8-817d-f92df00215ae': say('servant/reserved'),
  'de94bba4-06d1-4d40-a16a-bfd50179d6ac': say('servant/recovery'),
  '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f': say('servant/swap'),
  'bc13c2ff-59e6-4262-a352-b275fd6f7172': say('servant/linux-boot'),
  '0x27': say('servant/recovery'),
  '0x82': say('servant/swap'),
  '0xef': say('servant/esp'),
};

/** What can be done about a partition with this file system. */
export function growability(info: Pick<FileSystemInfo, 'kind' | 'state'> | undefined): Growability {
  if (info === undefined || info.kind === 'unknown' || info.kind === 'empty')
    return { problem: remark('resize/unknown-content') };
  const { kind, state } = info;
  const title = kindTitles[kind];
  const tool = tools[kind];
  if (tool !== undefined) {
    if ((kind === 'ntfs' || tool === OWN_TOOL) && state === 'dirty')
      return { problem: remark('resize/dirty-windows', { content: title }) };
    return { tool };
  }
  const later = containers[kind];
  if (later !== undefined) return { later };
  return { problem: remark('resize/no-grow-tool', { content: title }) };
}

/** Why `--grow last` passes over a partition of type `typeId`, or undefined. */
export function servantReason(typeId: string): Said | undefined {
  return servants[typeId];
}
