/**
 * Names of the partition types people meet, and the types whose partitions hold further tables or pieces of
 * volumes, so that a file system found at their start does not say which bytes matter.
 * GUIDs as in the Discoverable Partitions Specification and Microsoft's PARTITION_INFORMATION_GPT.
 */
import { type Said, say } from '../base/remarks.ts';

const mbrTypes: Readonly<Record<number, string>> = {
  0x00: 'empty',
  0x01: 'FAT12',
  0x04: 'FAT16 under 32 MB',
  0x05: 'extended',
  0x06: 'FAT16',
  0x07: 'NTFS, exFAT or HPFS',
  0x0b: 'FAT32',
  0x0c: 'FAT32 (LBA)',
  0x0e: 'FAT16 (LBA)',
  0x0f: 'extended (LBA)',
  0x11: 'hidden FAT12',
  0x12: 'maker’s diagnostics',
  0x14: 'hidden FAT16 under 32 MB',
  0x16: 'hidden FAT16',
  0x17: 'hidden NTFS',
  0x1b: 'hidden FAT32',
  0x1c: 'hidden FAT32 (LBA)',
  0x1e: 'hidden FAT16 (LBA)',
  0x27: 'Windows recovery',
  0x39: 'Plan 9',
  0x41: 'PowerPC boot',
  0x42: 'Windows dynamic disk',
  0x63: 'UnixWare',
  0x81: 'Minix',
  0x82: 'Linux swap',
  0x83: 'Linux',
  0x84: 'hibernation',
  0x85: 'Linux extended',
  0x8e: 'Linux LVM',
  0xa0: 'hibernation',
  0xa5: 'FreeBSD',
  0xa6: 'OpenBSD',
  0xa8: 'macOS UFS',
  0xa9: 'NetBSD',
  0xab: 'macOS boot',
  0xaf: 'macOS HFS+',
  0xbe: 'Solaris boot',
  0xbf: 'Solaris',
  0xda: 'data without file system',
  0xde: 'Dell utilities',
  0xea: 'Linux boot',
  0xeb: 'BeOS',
  0xee: 'GPT protection',
  0xef: 'EFI system',
  0xfb: 'VMware VMFS',
  0xfc: 'VMware swap',
  0xfd: 'Linux RAID',
};

const gptTypes: Readonly<Record<string, string>> = {
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b': 'EFI system',
  '024dee41-33e7-11d3-9d69-0008c781f39f': 'MBR inside GPT',
  '21686148-6449-6e6f-744e-656564454649': 'BIOS boot',
  '9e1a2d38-c612-4316-aa26-8b49521e5a8b': 'PowerPC boot',
  'e3c9e316-0b5c-4db8-817d-f92df00215ae': 'Microsoft reserved',
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7': 'Microsoft basic data',
  '5808c8aa-7e8f-42e0-85d2-e1e90434cfb3': 'Windows dynamic disk database',
  'af9b60a0-1431-4f62-bc68-3311714a69ad': 'Windows dynamic disk data',
  'de94bba4-06d1-4d40-a16a-bfd50179d6ac': 'Windows recovery',
  'e75caf8f-f680-4cee-afa3-b001e56efc2d': 'Windows Storage Spaces',
  '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f': 'Linux swap',
  '0fc63daf-8483-4772-8e79-3d69d8477de4': 'Linux',
  '3b8f8425-20e0-4f3b-907f-1a25a76f98e8': 'Linux server data',
  '44479540-f297-41b2-9af7-d131d5f0458a': 'Linux root (x86)',
  '4f68bce3-e8cd-4db1-96e7-fbcaf984b709': 'Linux root (x86-64)',
  '69dad710-2ce4-4e3c-b16c-21a1d49abed3': 'Linux root (ARM)',
  'b921b045-1df0-41c3-af44-4c6f280d3fae': 'Linux root (ARM-64)',
  '8484680c-9521-48c6-9c11-b0720656f69e': 'Linux /usr (x86-64)',
  'bc13c2ff-59e6-4262-a352-b275fd6f7172': 'Linux extended boot',
  '933ac7e1-2eb4-4f13-b844-0e14e2aef915': 'Linux home',
  '4d21b016-b534-45c2-a9fb-5c16e091fd2d': 'Linux /var',
  'a19d880f-05fc-4d3b-a006-743f0f84911e': 'Linux RAID',
  'e6d6d379-f507-44c2-a23c-238f2a3df928': 'Linux LVM',
  'ca7d7ccb-63ed-4c53-861c-1742536059cc': 'Linux LUKS',
  '516e7cb4-6ecf-11d6-8ff8-00022d09712b': 'FreeBSD label',
  '83bd6b9d-7f41-11dc-be0b-001560b84f0f': 'FreeBSD boot',
  '516e7cb5-6ecf-11d6-8ff8-00022d09712b': 'FreeBSD swap',
  '516e7cb6-6ecf-11d6-8ff8-00022d09712b': 'FreeBSD UFS',
  '516e7cba-6ecf-11d6-8ff8-00022d09712b': 'FreeBSD ZFS',
  '824cc7a0-36a8-11e3-890a-952519ad3f61': 'OpenBSD',
  '48465300-0000-11aa-aa11-00306543ecac': 'macOS HFS+',
  '7c3457ef-0000-11aa-aa11-00306543ecac': 'macOS APFS',
  '52414944-0000-11aa-aa11-00306543ecac': 'macOS RAID',
  '426f6f74-0000-11aa-aa11-00306543ecac': 'macOS boot',
  '53746f72-6167-11aa-aa11-00306543ecac': 'macOS Core Storage',
  '6a898cc3-1dd2-11b2-99a6-080020736631': 'ZFS',
  '6a945a3b-1dd2-11b2-99a6-080020736631': 'Solaris reserved',
  'fe3a2a5d-4f32-41a7-b725-accc3285a309': 'ChromeOS kernel',
  '3cb8e202-3b7e-47dd-8a3c-7ff2a13cfcec': 'ChromeOS root',
  '2e0a753d-9e48-43b0-8337-b15192cb1b5e': 'ChromeOS reserved',
  'aa31e02a-400f-11db-9590-000c2911d1b8': 'VMware VMFS',
};

const dynamicDisk = say('kind/dynamic');

/** Why a file system at the start of such a partition does not say which bytes of it matter. */
const nested: Readonly<Record<string, Said>> = {
  '0x42': dynamicDisk,
  '0x39': say('kind/plan9'),
  '0x63': say('kind/unixware'),
  '0xa5': say('kind/freebsd'),
  '0xa6': say('kind/openbsd'),
  '0xa9': say('kind/netbsd'),
  '0xbf': say('kind/solaris'),
  '5808c8aa-7e8f-42e0-85d2-e1e90434cfb3': dynamicDisk,
  'af9b60a0-1431-4f62-bc68-3311714a69ad': dynamicDisk,
  'e75caf8f-f680-4cee-afa3-b001e56efc2d': say('kind/storage-pool'),
  '516e7cb4-6ecf-11d6-8ff8-00022d09712b': say('kind/freebsd'),
  '024dee41-33e7-11d3-9d69-0008c781f39f': say('kind/mbr'),
  '52414944-0000-11aa-aa11-00306543ecac': say('kind/mac-raid'),
};

/** The id of an MBR type as everything here writes it, for example `0x83`. */
export function mbrTypeId(type: number): string {
  return `0x${type.toString(16).padStart(2, '0')}`;
}

/** A name for people; `unknown type …` where there is none. `typeId` is `0x83` or a GUID in lower case. */
export function partitionTypeName(typeId: string): string {
  const name = typeId.startsWith('0x') ? mbrTypes[Number(typeId)] : gptTypes[typeId];
  return name ?? `unknown type ${typeId}`;
}

/** Why a partition of this type must be taken whole whatever is found in it, or `undefined`. */
export function nestedTypeReason(typeId: string): Said | undefined {
  return nested[typeId];
}

/** All GPT type GUIDs that have a name. */
export function knownGptTypes(): string[] {
  return Object.keys(gptTypes);
}
