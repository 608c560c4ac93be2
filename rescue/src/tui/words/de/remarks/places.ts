/** Wie Orte und Maschinen in Bemerkungen heißen. */
import type { RemarkCode } from '../../../../engine/index.ts';

export const places = {
  'place/disk': 'die Platte',
  'place/head': 'Anfang der Platte',
  'place/tail': 'Ende der Platte',
  'place/whole': 'die ganze Platte',
  'place/partition': 'Partition {number}',
  'place/two-partitions': 'Partitionen {number} und {otherNumber}',
  'place/three-partitions': 'Partitionen {number}, {otherNumber} und {lastNumber}',
  'place/many-partitions': 'Partitionen {number}, {otherNumber}, {lastNumber} und {moreCount} weitere',
  'place/gap': 'Lücke vor: {place}',
  'place/doubtful': 'unklarer Bereich bei {atStart}',
  'place/volume': '{place}, Volume {volume}',
  'place/subvolume': '{place}, Subvolume {subvolume}',
  'machine/any': 'ein Rechner',
  'machine/named': 'der Rechner „{name}“',
  'about/said': '{place}: {remark}',
  'list/more': '{list} und {moreCount} weitere',
  'failure/read': '{path} ist bei {atStart} nicht lesbar ({errno})',
  'failure/system': '{path} antwortet nicht richtig ({syscall}, {errno})',
} satisfies Partial<Record<RemarkCode, string>>;
