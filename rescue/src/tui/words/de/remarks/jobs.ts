/** Zu Aufträgen, in Plänen und Berichten. */
import type { RemarkCode } from '../../../../engine/index.ts';

export const jobs = {
  'job/repository-disk':
    'Ob die Abbilder auf einer Platte dieses Auftrags liegen, ist nicht bekannt: {problem}.',
  'job/not-durable':
    'Das Dateisystem mit den Abbildern sagt nicht zu, dass neue Dateien einen Stromausfall überstehen.',
  'job/table-not-reread':
    'Die neue Partitionstabelle von {path} wurde nicht übernommen; ziehen Sie die Platte ab, oder starten Sie neu, bevor Sie sie benutzen.',
  'job/not-in-image': 'Im Abbild fehlt: {place}. Sie wird da sein, aber leer.',
  'job/ends-inside-image':
    'Das Ziel ist kleiner als die Platte des Abbilds, hier endet es: {place}. Was dahinter liegt, bleibt weg.',
  'job/ends-inside-source':
    'Das Ziel ist kleiner als die Quelle, hier endet es: {place}. Was dahinter liegt, bleibt weg.',
  'job/image-has-zeros':
    '{badBytes} des Abbilds waren bei der Sicherung nicht lesbar: dort werden Nullen stehen.',

  'layout/grown-later': 'Partition {number} wird größer, was in ihr ist, nicht: {remark}.',
  'layout/new-table':
    'Die Partitionstabelle wird neu gemacht, von Sektoren mit {fromSize} Byte zu solchen mit {toSize}; ein Bootlader für BIOS muss neu installiert werden.',
  'layout/new-table-windows':
    'Die Partitionstabelle wird neu gemacht, von Sektoren mit {fromSize} Byte zu solchen mit {toSize}; ein Bootlader für BIOS muss neu installiert werden. Windows liest dort das {content} nicht, Linux schon ({place}).',
  'layout/tail-left-out': 'Was hinter der letzten Partition liegt, bleibt weg.',
  'layout/gap-closed': 'Eine Lücke wird geschlossen: was in ihr liegt, bleibt weg ({place}).',
  'layout/not-grown':
    'Das Dateisystem der Partition {number} behält seine Größe: {problem}. Alles ist zurückgespielt; vergrößern Sie es im zurückgespielten System.',
  'layout/no-free-space': 'In Partition {number} ist kein freier Platz, in den etwas wachsen könnte.',
  'layout/keeps-size': 'Was in Partition {number} ist, behält seine Größe, {fromBytes} von {toBytes}.',
  'layout/keeps-size-growable':
    'Was in Partition {number} ist, behält seine Größe, {fromBytes} von {toBytes}; es kann wachsen (Einstellungen; Partition {sourceNumber}).',
  'layout/into-grown-later': 'Was in Partition {number} ist, wächst nicht mit: {remark}.',

  'twins/clone':
    'Die Kopie hat dieselben Kennungen wie ihr Original: starten Sie kein System von einer der beiden, solange beide angeschlossen sind. {why}',
  'twins/clone-keeps':
    'Die Kopie behält {idCount} der Kennungen ihres Originals ({list}): starten Sie kein System von einer der beiden, solange beide angeschlossen sind. {why}',
  'twins/restore':
    '{name} ist angeschlossen und hat dieselben Kennungen wie das, was zurückgespielt wird ({list}): starten Sie kein System von einer der beiden, solange beide angeschlossen sind. {why}',
  'twins/unknown':
    'Ob eine andere Platte dieses Rechners dieselben Kennungen hat, ist nicht bekannt: nicht alle haben rechtzeitig geantwortet.',
  'twins/detach-or-renew':
    'Ein System, das von einer startet, kann die andere einhängen und beschreiben, Linux lehnt das zweite von zwei XFS oder Btrfs ab, und Windows schaltet eine Platte ab. Trennen Sie eine, bevor etwas von einer der beiden startet, oder geben Sie der Kopie neue Kennungen (Einstellungen).',
  'twins/detach':
    'Ein System, das von einer startet, kann die andere einhängen und beschreiben, Linux lehnt das zweite von zwei XFS oder Btrfs ab, und Windows schaltet eine Platte ab. Trennen Sie vorher eine.',

  'start/not-from': '{system} ({place}) startet nicht von {path}.',
  'start/not-as-it-is':
    '{system} ({path}, {place}) startet so nicht: warum, sagt bei dieser Platte „Nachsehen, ob sie startet“.',
  'start/not-checked': 'Ob startet, was auf {path} ist, ließ sich nicht prüfen: {problem}.',
  'start/no-entry':
    'Für {path} wurde kein Starteintrag gemacht: die EFI-Systempartition ist nicht, wo sie sein sollte.',
  'start/no-fallback':
    'Der Ersatz-Bootlader wurde nicht auf {path} geschrieben: {problem}. Rechner ohne Starteintrag finden die Platte so nicht: kopieren Sie auf ihrer EFI-Systempartition {from} nach {to}.',
  'start/entry-not-written':
    'Der Starteintrag „{label}“ wurde nicht geschrieben: {problem}. Startet der Rechner nicht von {path}, wählen Sie die Platte in der Firmware, oder führen Sie aus: {command}',
  'start/firmware-forgot': 'die Firmware nahm ihn an und hat ihn nicht',

  'verify/pack': 'Datei {pack}: {problem}',
  'verify/pack-at': 'Datei {pack} bei {atStart}: {problem}',
  'verify/pack-changed': 'Datei {pack} ist nicht, was ihr Name sagt: in ihr hat sich etwas geändert',
  'verify/image': 'Abbild {image}: {problem}',
  'verify/image-lost':
    'Abbild {image} „{name}“ lässt sich nicht ganz zurückspielen: {partCount} Stücke fehlen oder sind beschädigt',

  'lost/named': '{place}: {content} „{name}“, {lengthBytes}',
  'lost/with-id': '{place}: {content} {id}, {lengthBytes}',
  'lost/unnamed': '{place}: {content}, {lengthBytes}',
  'lost/unreadable': 'was darauf ist, ist nicht lesbar: {problem}',

  'gap/unread': 'nicht lesbar',
  'gap/zeros-written': 'in der Quelle nicht lesbar; dort stehen Nullen',

  'limit/hpa':
    'Ein geschützter Bereich (HPA) verbirgt {hiddenBytes} der {wholeBytes} der Platte: was darin ist, wird weder gelesen noch geschrieben. „hdparm -N“ zeigt ihn und kann ihn aufheben.',
  'limit/dco':
    'Eine Einstellung der Platte (DCO) verbirgt {hiddenBytes} ihrer {wholeBytes}: was darin ist, wird weder gelesen noch geschrieben. „hdparm --dco-identify“ zeigt sie.',
  'limit/namespace':
    'Der Namensraum ist kleiner als die Platte: {hiddenBytes} ihrer {wholeBytes} sieht dieser Rechner nicht; sie werden weder gelesen noch geschrieben. „nvme list-ns --all“ zeigt die anderen.',
  'limit/read-only':
    'Die Platte lässt sich nur lesen: durch einen Schalter an ihr oder am Adapter, oder weil sie abgenutzt ist.',
  'limit/failing':
    'Die Platte sagt selbst (SMART), dass sie ausfällt: sichern Sie sie jetzt, und legen Sie nichts Wichtiges mehr auf ihr ab.',
} satisfies Partial<Record<RemarkCode, string>>;
