/** Errors, and why all of something is saved: what happened, and what to do. */
import type { ErrorCode, RawCode } from '../../../engine/index.ts';
import { format } from './numbers.ts';
import type { errors as english } from '../en/errors.ts';

/** Of a system call. */
const failure = (d: Readonly<Record<string, unknown>>): string =>
  `${String(d['syscall'])}: ${String(d['errno'])}`;

export const errors: typeof english = {
  hints: {
    'layout/impossible': 'Es wurde nichts geschrieben. Wählen Sie die Größen anders.',
    'layout/size': 'Es wurde nichts geschrieben. Wählen Sie für sie oder die anderen eine andere Größe.',
    'layout/place':
      'Es wurde nichts geschrieben. Wählen Sie für sie einen anderen Platz, oder andere Größen.',
    'layout/no-overlay': 'Es wurde nichts geschrieben. Nehmen Sie eine größere Platte.',
    'layout/no-scratch':
      'Es wurde nichts geschrieben. Nennen Sie einen anderen Ordner dafür (Einstellungen), auf einer Platte und keinem FAT-Stick, oder nehmen Sie eine größere Platte.',
    'layout/scratch-full':
      'Es wurde nichts geschrieben. Nennen Sie einen Ordner auf einer Platte dafür (Einstellungen), oder nehmen Sie eine größere Platte.',
    'layout/not-shrunk': 'Es wurde nichts geschrieben. Nehmen Sie eine größere Platte.',
    'layout/damaged':
      'Spielen Sie das Abbild noch einmal zurück, ohne zu vergrößern. Es selbst ist unversehrt.',
    'usage/invalid': 'Gehen Sie zurück, und wählen Sie anders.',
    'device/is-source': 'Es wurde nichts geschrieben. Wählen Sie eine andere Platte als Ziel.',
    'device/named-twice': 'Es wurde nichts geschrieben. Wählen Sie jedes Ziel nur einmal.',
    'image/ambiguous': 'Wählen Sie das Abbild aus der Liste.',
    'plan/refused': 'Es wurde nichts geschrieben.',
    'plan/not-confirmed': 'Es wurde nichts geschrieben. Tippen Sie die verlangten Zeichen.',
    'job/lost':
      'Tun Sie dasselbe noch einmal: es geht weiter, wo es war. Eine Platte, die überschrieben wurde, darf vorher nicht benutzt werden.',
    'runner/lost': 'Er wird von selbst neu gestartet. Was war, steht in den Protokollen (Werkzeuge).',
    'runner/protocol': 'Nehmen Sie das Programm, das zu diesem Permafrost-Stick gehört.',
    'job-file/invalid': 'Es wurde nichts getan. Verbessern Sie diese Zeilen der Auftragsdatei.',
    'job-file/disk': 'Es wurde nichts geschrieben. Nennen Sie die Platte mit Seriennummer oder WWN.',
    'job-file/changed':
      'Es wurde nichts getan, denn auf der Platte ist ein halbes Abbild. Spielen Sie es von Hand zurück.',
    'job-file/running': 'Es wurde nichts getan. Warten Sie, bis er zu Ende ist.',
    'job-file/end': 'Der Auftrag selbst ist zu Ende. Schalten Sie den Rechner von Hand aus.',
    'boot-job/not-found': 'Es wurde nichts getan. Sehen Sie nach, was in der Befehlszeile des Kernels steht.',
    'boot-job/ambiguous': 'Es wurde nichts getan. Nehmen Sie alle bis auf einen weg.',
    'job-file/unmount':
      'Was gespeichert wurde, ist vollständig. Ziehen Sie die Platte nicht ab: fahren Sie den Rechner erst herunter.',
    'job-file/already-run': 'Es wurde nichts getan. Geben Sie dem Auftrag eine andere Kennung.',
    'program/addon': 'Nehmen Sie einen neu geschriebenen Permafrost-Stick.',
    'device/not-found': 'Stecken Sie sie wieder ein, oder wählen Sie eine andere Platte.',
    'device/not-a-disk': 'Wählen Sie eine Platte oder eine Abbilddatei.',
    'device/changed': 'Es wurde nichts geschrieben. Wählen Sie die Platte neu.',
    'device/in-use':
      'Schließen Sie, was sie benutzt, oder starten Sie den Rechner vom Permafrost-Stick, der keine Platte benutzt.',
    'device/no-permission': 'Beenden Sie das Programm und starten Sie es als root (etwa mit sudo).',
    'device/read-only': 'Sehen Sie nach dem Schreibschutzschalter.',
    'device/too-small': 'Nehmen Sie eine größere Platte.',
    'device/sector-size': 'Nehmen Sie eine Platte mit gleich großen Sektoren.',
    'device/table-mismatch':
      'Spielen Sie die ganze Platte zurück, oder legen Sie die Partition erst mit gleichem Anfang und gleicher Größe an.',
    'device/read-failed':
      'Platte oder Kabel könnten kaputt sein. Prüfen Sie das Kabel und versuchen Sie es noch einmal.',
    'device/write-failed':
      'Das Ziel ist unvollständig und darf nicht benutzt werden. Nehmen Sie ein anderes.',
    'device/read-back-differs':
      'Die Platte ist fehlerhaft oder kleiner, als sie behauptet. Trauen Sie ihr nicht; nehmen Sie eine andere.',
    'device/failed': 'Sehen Sie nach, ob die Platte noch steckt, und versuchen Sie es noch einmal.',
    'structure/invalid':
      'Was es enthält, ist beschädigt oder hier nicht bekannt; es kann ganz gesichert werden.',
    'repository/not-found': 'Wählen Sie einen anderen Ordner.',
    'repository/not-empty': 'Nehmen Sie einen leeren oder neuen Ordner.',
    'repository/unsupported': 'Nehmen Sie eine neuere Version von Permafrost. Es wurde nichts geändert.',
    'repository/corrupt': 'Prüfen Sie alles in diesem Ordner, und die Platte, auf der er liegt.',
    'repository/full':
      'Es wurde kein Abbild gemacht. Das Gespeicherte bleibt: schaffen Sie Platz und tun Sie dasselbe noch einmal; es geht weiter.',
    'repository/failed': 'Sehen Sie nach, ob Platte oder Freigabe noch da ist. Was gespeichert ist, bleibt.',
    'repository/on-source':
      'Ein Abbild auf der Platte, von der es stammt, stirbt mit ihr. Wählen Sie einen anderen Ort.',
    'repository/on-target':
      'Wählen Sie eine andere Platte: die mit den Abbildern kann nicht überschrieben werden.',
    'repository/unresolved':
      'Wählen Sie einen anderen Ort, oder sagen Sie, dass er sicher auf einer anderen Platte ist.',
    'image/not-found': 'Wählen Sie das Abbild neu.',
    'image/corrupt': 'Prüfen Sie es. Andere Abbilder sind davon nicht betroffen.',
    'image/chunk-unreadable':
      'Spielen Sie zurück, was lesbar ist (Einstellungen), oder nehmen Sie ein anderes Abbild.',
    'plan/changed': 'Es wurde nichts geschrieben. Sehen Sie den neuen Plan an.',
    'job/cancelled': 'Nichts Halbfertiges blieb zurück. Dasselbe noch einmal macht weiter.',
    'job/busy': 'Warten Sie, bis er zu Ende ist, oder stoppen Sie ihn.',
    'job-file/repository': 'Sehen Sie nach, ob Platte oder Server da ist, und was Sie eingegeben haben.',
  } satisfies Partial<Record<ErrorCode, string>>,
  errors: {
    'device/not-found': (d) => `${String(d['device'])} gibt es nicht`,
    'device/no-permission': (d) => `${String(d['device'])} darf nicht geöffnet werden`,
    'device/in-use': (d) => `${String(d['device'])} wird benutzt: ${String(d['reason'])}`,
    'device/read-only': (d) => `${String(d['device'])} ist schreibgeschützt`,
    'device/changed': (d) =>
      `${String(d['device'])} ist nicht die Platte, für die geplant wurde: ${String(d['problem'])}`,
    'device/too-small': (d) =>
      `${String(d['device'])} ist um ${format.bytes(Number(d['neededBytes']) - Number(d['sizeBytes']))} zu klein: sie hat ${format.bytes(Number(d['sizeBytes']))}, gebraucht werden ${format.bytes(Number(d['neededBytes']))}${typeof d['why'] === 'string' ? ` (${d['why']})` : ''}`,
    'device/sector-size': (d) =>
      `${String(d['device'])} hat Sektoren von ${String(d['sectorSize'])} Byte, die gesicherte Platte hatte ${String(d['imageSectorSize'])}: ${String(d['problem'])}`,
    'device/read-back-differs': (d) =>
      `${String(d['device'])} enthält nicht, was geschrieben wurde (${String(d['count'])} Stellen)`,
    'repository/not-found': (d) => `in ${String(d['repository'])} sind keine Abbilder`,
    'repository/not-empty': (d) => `${String(d['repository'])} ist nicht leer und kein Ordner für Abbilder`,
    'repository/corrupt': (d) => `${String(d['path'])} ist beschädigt: ${String(d['problem'])}`,
    'repository/full': (d) =>
      `die Platte mit ${String(d['repository'])} ist voll: etwa ${format.bytes(Number(d['missingBytes']))} fehlen`,
    'repository/on-source': (d) =>
      `der Ordner ${String(d['repository'])} liegt auf der zu sichernden Platte ${String(d['device'])}`,
    'repository/on-target': (d) =>
      `der Ordner ${String(d['repository'])} liegt auf der Platte ${String(d['device'])}, die überschrieben würde`,
    'repository/unresolved': (d) =>
      `auf welcher Platte ${String(d['repository'])} liegt, ist nicht herauszufinden: ${String(d['problem'])}`,
    'image/not-found': (d) => `das Abbild „${String(d['image'])}“ gibt es nicht`,
    'image/corrupt': (d) => `das Abbild ${String(d['path'])} ist beschädigt: ${String(d['problem'])}`,
    'plan/changed': () => 'was geschehen würde, hat sich seit der Bestätigung geändert',
    'layout/impossible': (d) =>
      `${String(d['device'])} kann nicht so aufgeteilt werden: ${String(d['problem'])}`,
    'layout/size': (d) =>
      `Partition ${String(d['number'])} kann auf ${String(d['device'])} nicht ${format.bytes(Number(d['bytes']))} haben: ${String(d['why'])}`,
    'layout/place': (d) =>
      `Partition ${String(d['number'])} kann auf ${String(d['device'])} nicht bei ${format.bytes(Number(d['start']))} beginnen: ${String(d['why'])}`,
    'layout/no-overlay': (d) =>
      `Dateisysteme lassen sich hier nicht verkleinern: FUSE geht nicht (${String(d['problem'])})`,
    'layout/no-scratch': (d) =>
      `in ${String(d['folder'])} ist keine Hilfsdatei zum Verkleinern möglich: ${String(d['problem'])}`,
    'layout/scratch-full': (d) =>
      `zum Verkleinern sind etwa ${format.bytes(Number(d['neededBytes']))} in ${String(d['folder'])} nötig, frei sind ${format.bytes(Number(d['freeBytes']))}`,
    'layout/not-shrunk': (d) =>
      `das Dateisystem der Partition ${String(d['number'])} lässt sich nicht so verkleinern, wie ${String(d['device'])} es braucht: ${String(d['problem'])}`,
    'layout/damaged': (d) =>
      `das Dateisystem der Partition ${String(d['number'])} auf ${String(d['device'])} ist nach dem Vergrößern beschädigt: ${String(d['problem'])}`,
    'usage/invalid': (d) => String(d['problem']),
    'device/not-a-disk': (d) => `${String(d['device'])} ist keine Platte`,
    'device/is-source': (d) =>
      `${String(d['device'])} ist die Quelle ${String(d['source'])}, oder liegt auf derselben Platte`,
    'device/named-twice': (d) => `${String(d['device'])} und ${String(d['other'])} sind dieselbe Platte`,
    'device/table-mismatch': (d) =>
      `${String(d['device'])} hat andere Partitionen als das Abbild: ${String(d['problem'])}`,
    'device/read-failed': (d) =>
      `${String(d['path'])} ist bei ${String(d['offset'])} nicht lesbar (${String(d['errno'])})`,
    'device/write-failed': (d) =>
      `${String(d['path'])} lässt sich bei ${String(d['offset'])} nicht schreiben (${String(d['errno'])})`,
    'device/failed': (d) => `${String(d['path'])} antwortet nicht richtig (${failure(d)})`,
    'structure/invalid': (d) =>
      `beschädigt, oder hier nicht bekannt: ${String(d['structure'])} (${String(d['problem'])})`,
    'repository/unsupported': (d) =>
      `die Abbilder in ${String(d['repository'])} kann diese Version nicht lesen: ${String(d['problem'])}`,
    'repository/failed': (d) =>
      `der Ordner für Abbilder antwortet nicht: ${String(d['path'])} (${failure(d)})`,
    'image/ambiguous': (d) => `„${String(d['image'])}“ ist nicht eindeutig`,
    'image/chunk-unreadable': (d) =>
      `ein Stück von ${String(d['region'])} bei ${String(d['offset'])} ist im Abbild nicht lesbar: ${String(d['problem'])}`,
    'plan/refused': () => 'das geht nicht, wie es gewählt ist',
    'plan/not-confirmed': (d) =>
      `dass ${String(d['device'])} überschrieben werden soll, wurde nicht bestätigt`,
    'job/busy': (d) => `es läuft schon etwas (${String(d['what'])}); es läuft immer nur ein Auftrag`,
    'job/lost': (d) =>
      `während der Auftrag lief (${String(d['what'])}), hat das Programm, das ihn ausführte, unerwartet geendet${d['reason'] === '' ? '' : `: ${String(d['reason'])}`}`,
    'runner/lost': (d) => `der Teil, der die Aufträge ausführt, antwortet nicht: ${String(d['problem'])}`,
    'runner/protocol': (d) =>
      `der Teil, der die Aufträge ausführt, versteht dieses Programm nicht: ${String(d['problem'])}`,
    'job-file/invalid': (d) => `${String(d['file'])} ist keine Auftragsdatei`,
    'job-file/disk': (d) => `${String(d['rule'])}: ${String(d['problem'])}`,
    'job-file/repository': (d) => `${String(d['rule'])}: ${String(d['problem'])}`,
    'job-file/changed': (d) =>
      `der Auftrag „${String(d['id'])}“ wurde beim Überschreiben unterbrochen, und seine Datei ist seitdem geändert`,
    'job-file/running': (d) => `der Auftrag „${String(d['id'])}“ läuft gerade`,
    'job-file/end': (d) =>
      `der Rechner lässt sich nicht ausschalten oder neu starten: ${String(d['problem'])}`,
    'boot-job/not-found': (d) => `der Auftrag ${String(d['word'])}: ${String(d['problem'])}`,
    'boot-job/ambiguous': () => 'für diesen Start gibt es mehr als einen Auftrag',
    'job-file/unmount': (d) => `${String(d['path'])} lässt sich nicht aushängen: ${String(d['problem'])}`,
    'job-file/already-run': (d) => `dieser Rechner hat den Auftrag „${String(d['id'])}“ schon ausgeführt`,
    'program/addon': (d) => `der maschinennahe Teil des Programms lädt nicht: ${String(d['problem'])}`,
    'job/cancelled': () => 'abgebrochen',
  } satisfies Partial<Record<ErrorCode, (details: Readonly<Record<string, unknown>>) => string>>,
  raw: {
    reasons: {
      asked: 'es wurde so gewünscht',
      unsupported: 'was davon belegt ist, lässt sich nicht lesen',
      'unknown-content': 'es wurde nichts Bekanntes erkannt',
      feature: 'es hat Eigenschaften, die hier nicht bekannt sind',
      dirty: 'es wurde nicht sauber geschlossen',
      'error-state': 'es hat Fehler vermerkt',
      inconsistent: 'seine Angaben passen nicht zusammen',
      overlap: 'Partitionen überschneiden sich',
      unreadable: 'seine Angaben waren nicht lesbar',
    } satisfies Record<RawCode, string>,
  },
};
