/** Zu dem, was in Partitionen ist. */
import type { RemarkCode } from '../../../../engine/index.ts';

export const contents = {
  'ext/repaired': 'Das Dateisystem hat {errorCount} Fehler vermerkt und wurde seitdem repariert.',
  'ext/bitmaps-unreadable':
    'Von {groupCount} Blockgruppen ist nicht lesbar, was belegt ist; sie werden ganz gesichert.',
  'ext/replayed':
    'Das Dateisystem wurde nicht sauber geschlossen: was belegt ist, ergab sich aus den letzten {transactionCount} Einträgen seines Journals.',
  'ext/mounted-by': 'Nach seinem eigenen Vermerk benutzt {machine} das Dateisystem.',
  'ext/journal-elsewhere':
    'Das Journal des Dateisystems liegt auf einem anderen Gerät, das nicht dazugehört.',
  'fat/copies-differ':
    'Die Kopien der Zuordnungstabelle sind verschieden; gesichert wird, was in einer von ihnen belegt ist.',
  'fat/bad-clusters': 'Das Dateisystem nennt {clusterCount} Cluster defekt; sie sind leer und bleiben weg.',
  'ntfs/shadow-copies-elsewhere':
    'Schattenkopien (Wiederherstellungspunkte) dieses Laufwerks liegen auf einem anderen. Nach dem Zurückspielen sind sie nicht zu gebrauchen, außer wenn von beiden alles gesichert wird (Einstellungen).',
  'ntfs/shadow-copies':
    'Das Laufwerk hat {copyCount} Schattenkopien (Wiederherstellungspunkte). Sie liegen im freien Platz und sind nach dem Zurückspielen nicht zu gebrauchen, außer wenn alles gesichert wird (Einstellungen).',
  'ntfs/forgotten':
    'Dateien belegen {usedBytes}, die als frei vermerkt sind: das Laufwerk wurde wohl abgeschnitten, als es benutzt wurde. Sie werden mitgesichert; führen Sie in Windows „chkdsk /f“ aus.',
} satisfies Partial<Record<RemarkCode, string>>;
