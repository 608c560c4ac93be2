/** Of what partitions hold: sentences. */
export const contents = {
  'ext/repaired': 'The file system has recorded {errorCount} errors and was repaired since.',
  'ext/bitmaps-unreadable':
    'The bitmaps of {groupCount} block groups cannot be read; all of these groups is taken as used.',
  'ext/replayed':
    'The file system was not unmounted cleanly: what is used was found by replaying {transactionCount} transactions of its journal in memory.',
  'ext/mounted-by': 'By its own record {machine} has the file system mounted.',
  'ext/journal-elsewhere':
    'The journal of the file system is on another device, which is not part of this region.',
  'fat/copies-differ': 'The copies of the allocation table differ; what is used in any of them is kept.',
  'fat/bad-clusters': 'The volume marks {clusterCount} clusters as bad; they hold no data and are left out.',
  'ntfs/shadow-copies-elsewhere':
    'Shadow copies (restore points) of this volume are kept on another volume. They will not be usable after a restore, unless both volumes are imaged with --raw.',
  'ntfs/shadow-copies':
    'The volume holds {copyCount} shadow copies (restore points). They depend on clusters that the volume calls free and will not be usable after a restore, unless the volume is imaged with --raw.',
  'ntfs/forgotten':
    'Files use {usedBytes} bytes in clusters that the volume\'s bitmap calls free: it was probably cut off while mounted. They are kept; run "chkdsk /f" on the volume in Windows.',
} as const;
