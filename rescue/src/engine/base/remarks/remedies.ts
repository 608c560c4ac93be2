/** What a person can do so that less of a region is saved: sentences. */
export const remedies = {
  'raw-remedy/mount-once': 'Mount and unmount it once on the machine it belongs to, then image again.',
  'raw-remedy/mount-again':
    'Mount the volume and unmount it again on the system it belongs to, then read it again.',
  'raw-remedy/eject': 'Mount the volume on the Mac it belongs to and eject it there, then read it again.',
  'raw-remedy/disk-utility': 'Run Disk Utility.',
  'raw-remedy/btrfs-check': 'Run btrfs check on it, then image again.',
  'raw-remedy/all-disks': 'Image every disk that it spans.',
  'raw-remedy/xfs-repair': 'Run xfs_repair on it, then image again.',
  'raw-remedy/f2fs-check': 'Run fsck.f2fs on the volume.',
  'raw-remedy/exfat-check':
    'Check it (chkdsk /f in Windows, fsck.exfat in Linux) and shut down or eject it properly, then image it again.',
  'raw-remedy/fat-check':
    'Check it (chkdsk /f in Windows, fsck.vfat in Linux) and shut down or eject it properly, then image it again.',
  'raw-remedy/ext-size': 'Grow what holds it, or shrink it with resize2fs.',
  'raw-remedy/ext-check': 'Run "e2fsck -f" on it, then make the image again.',
  'raw-remedy/ext-replay': 'Mount it and unmount it, or run "e2fsck -p" on it, then make the image again.',
  'raw-remedy/chkdsk': 'Run "chkdsk /f" on the volume in Windows.',
  'raw-remedy/windows-shutdown':
    'Start Windows and shut it down fully: hold Shift while choosing "Shut down", or run "shutdown /s /t 0"; with fast start-up an ordinary shutdown leaves the volume in use.',
  'raw-remedy/windows-check':
    'In Windows run "chkdsk /f" on the volume, then shut down fully: hold Shift while choosing "Shut down", or run "shutdown /s /t 0".',
  'raw-remedy/hibernated': 'Start that system, shut it down completely, then image it again.',
} as const;
