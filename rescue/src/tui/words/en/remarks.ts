/** What the engine says: in its own words, but for options of the command line, which have other names here. */
import { remarkTemplates, type RemarkCode } from '../../../engine/index.ts';

const ownWords = {
  'asked/kept-places': 'partitions that go where they were are neither grown nor put elsewhere',
  'asked/grow-part': 'of single partitions only one can grow: choose it by its number in the image',
  'match/other':
    'its partition {number} has {lengthBytes} at {atStart}, the saved one {imagedBytes} at {imagedStart}; choose partition {number} as its place, and it goes there if it fits',
  'size/content': 'what is in it needs {leastBytes}',
  'size/width': 'its kind of file system can have {mostBytes} at most',
  'ntfs/shadow-copies-elsewhere':
    'Shadow copies (restore points) of this volume are kept on another volume. They will not be usable after it is put back, unless everything of both is saved (Options).',
  'ntfs/shadow-copies':
    'The volume holds {copyCount} shadow copies (restore points). They depend on free space and will not be usable after it is put back, unless everything is saved (Options).',
  'table/sector-mismatch':
    'A partition table for sectors of {otherSize} bytes was found, but the disk is read with sectors of {sectorSize}: it was written through another adapter, or a sector size of {otherSize} is right.',
  'layout/keeps-size-growable':
    'What is in partition {number} keeps the size that it had, {fromBytes} of {toBytes}; it can grow (Options; partition {sourceNumber}).',
  'twins/detach-or-renew':
    'A system started from one of them can mount the other and write to it, Linux refuses the second of two XFS or Btrfs, and Windows switches one disk off. Detach one of them before anything starts from either, or give the copy new identifiers (Options).',
  'start/not-as-it-is':
    '{system} ({path}, {place}) does not start as it is: "Look whether it starts" at this disk says why.',
} satisfies Partial<Record<RemarkCode, string>>;

export const remarks = {
  /** By the code of the engine; `{name}` stands for a value, sizes in bytes as people write them. */
  remarks: { ...remarkTemplates, ...ownWords } as Readonly<Record<RemarkCode, string>>,
};
