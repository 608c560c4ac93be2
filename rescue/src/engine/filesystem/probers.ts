/**
 * Everything that can be recognised, in order: where several recognise a region, the first gives it its name.
 * A kind that gets a parser of its used bytes moves from the named tables to an entry of its own here.
 */
import { probeBtrfs } from './btrfs/btrfs.ts';
import { probeExfat, probeExfatBackup } from './exfat/exfat.ts';
import { probeExt } from './ext/ext.ts';
import { probeF2fs } from './f2fs/f2fs.ts';
import { probeFat } from './fat/fat.ts';
import { probeHfsplus } from './hfsplus/hfsplus.ts';
import { probeIso9660 } from './iso9660/iso9660.ts';
import { bitlocker } from './named/bitlocker.ts';
import { bcachefs, containers } from './named/containers.ts';
import { foreignFileSystems } from './named/foreign-file-systems.ts';
import { ldmMembers } from './named/ldm.ts';
import { linuxFileSystems } from './named/linux-file-systems.ts';
import { mdMembers } from './named/md.ts';
import type { ProberEntry } from './named/signature.ts';
import { zfsMembers } from './named/zfs.ts';
import { probeNtfs } from './ntfs/ntfs.ts';
import { probeSwap } from './swap.ts';
import { probeUdf } from './udf/udf.ts';
import { probeXfs } from './xfs/xfs.ts';

export const probers: readonly ProberEntry[] = [
  // Outermost first: a RAID member may hold a physical volume, never the other way round.
  ...mdMembers,
  ...ldmMembers,
  bitlocker,
  ...containers,
  { kind: 'ext4', role: 'file-system', probe: probeExt },
  { kind: 'ntfs', role: 'file-system', probe: probeNtfs },
  { kind: 'fat32', role: 'file-system', probe: probeFat },
  { kind: 'exfat', role: 'file-system', probe: probeExfat },
  { kind: 'swap', role: 'file-system', probe: probeSwap },
  { kind: 'xfs', role: 'file-system', probe: probeXfs },
  { kind: 'btrfs', role: 'file-system', probe: probeBtrfs },
  { kind: 'f2fs', role: 'file-system', probe: probeF2fs },
  { kind: 'hfsplus', role: 'file-system', probe: probeHfsplus },
  { kind: 'udf', role: 'file-system', probe: probeUdf },
  { kind: 'iso9660', role: 'file-system', probe: probeIso9660 },
  ...linuxFileSystems,
  bcachefs,
  ...foreignFileSystems,
  ...zfsMembers,
  { kind: 'exfat', role: 'trace', probe: probeExfatBackup },
];
