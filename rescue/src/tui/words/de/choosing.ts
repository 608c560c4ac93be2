/** Choosing: disks, where images are kept, images, targets. */
import { count } from '../format.ts';
import type { choosing as english } from '../en/choosing.ts';

export const choosing: typeof english = {
  sources: {
    title: 'Ein Abbild speichern',
    question: 'Welche Platte möchten Sie sichern?',
    file: 'Oder eine Abbilddatei',
    filePlaceholder: 'Pfad der Datei',
    plug: 'Sie ist nicht hier: ich stecke sie jetzt ein',
    all: (n) => `Weiter mit ${count(n, 'Platte', 'Platten')}`,
    keysHelp:
      'Enter nimmt die Platte, auf der die Marke steht. Um mehrere in einem Abbild zu sichern, jede mit der Leertaste ankreuzen und dann Enter drücken.',
    help: [
      'Wählen Sie die Platte nach Name, Seriennummer und Größe, und nach dem, was darauf ist. Namen wie /dev/sda können nach dem nächsten Start eine andere Platte meinen.',
      'Eine Platte, die benutzt wird, kann nicht gesichert werden: was währenddessen geschrieben wird, würde das Abbild zerreißen. Starten Sie den Rechner vom Permafrost-Stick; der benutzt keine Platte.',
      'Die Platte wird nur gelesen. Auf ihr wird nichts geändert.',
    ],
  },
  plug: {
    title: 'Jetzt einstecken',
    question: 'Stecken Sie die Platte oder den Stick jetzt ein. Das wird von selbst erkannt.',
    already: 'Steckt sie schon? Ziehen Sie sie ab, warten Sie kurz, und stecken Sie sie wieder ein.',
    help: [
      'Sobald eine neue Platte erscheint, kommt die Liste wieder, mit der Marke darauf. Eine Platte, die erst anläuft, braucht bis zu einer halben Minute.',
      'Wenn nichts geschieht, versuchen Sie eine andere Buchse und ein anderes Kabel.',
    ],
  },
  place: {
    title: {
      image: 'Wohin speichern',
      restore: 'Wo das Abbild ist',
      verify: 'Wo die Abbilder sind',
      logs: 'Wohin mit den Protokollen',
    },
    question: {
      image: 'Wo soll das Abbild liegen?',
      restore: 'Wo ist das Abbild, das Sie zurückspielen möchten?',
      verify: 'Wo sind die Abbilder, die Sie prüfen möchten?',
      logs: 'Auf welchem Stick oder welcher Platte sollen die Protokolle liegen?',
    },
    onDisks: 'Auf einer Platte oder einem Stick dieses Rechners',
    onServers: 'Auf einem Server oder anderswo',
    notPossible: 'Nicht möglich',
    nfs: 'NFS-Freigabe',
    smb: 'Windows- oder Samba-Freigabe (SMB)',
    ssh: 'Ein Server mit SSH',
    path: 'Ein Ordner dieses Systems',
    plug: 'Mein Stick oder meine Platte ist nicht hier: ich stecke ihn jetzt ein',
    free: (bytes) => `${bytes} frei`,
    onSource:
      'Es liegt auf der Platte, die gesichert wird: ein Abbild auf der Platte, von der es stammt, stirbt mit ihr.',
    cannotMount: (kind) => `${kind}: dort können keine Dateien gespeichert werden.`,
    readOnlyKind: (kind) => `${kind} kann nur gelesen werden.`,
    twins: (id) =>
      `Ein anderes Dateisystem hat dieselbe Kennung ${id}: ziehen Sie eine der beiden Platten ab.`,
    noId: 'Es hat weder Kennung noch Namen, womit man es benennen könnte.',
    help: [
      'Abbilder liegen in einem Ordner, auf einer anderen Platte, einem USB-Stick oder einem Server. Andere Dateien dort werden nicht angerührt.',
      'Er darf nicht auf der Platte sein, die gesichert wird: ein Abbild auf der Platte, von der es stammt, stirbt mit ihr.',
      'Sticks mit FAT genügen: keine Datei ist größer als 4 GiB.',
    ],
  },
  share: {
    nfs: {
      title: 'NFS-Freigabe',
      question: 'Welchen Ordner gibt der Server frei?',
      main: 'Server und Ordner',
      placeholder: 'nas:/export/images',
      options: 'Mount-Optionen (darf leer bleiben)',
    },
    smb: {
      title: 'Windows- oder Samba-Freigabe',
      question: 'Welche Freigabe?',
      main: 'Freigabe',
      placeholder: '//nas/images',
      user: 'Benutzer (darf leer bleiben)',
      password: 'Passwort',
      domain: 'Domäne (darf leer bleiben)',
    },
    ssh: {
      title: 'Ein Server mit SSH',
      question: 'Welcher Server?',
      main: 'Benutzer und Server',
      placeholder: 'user@server:port',
      folder: 'Ordner dort',
      folderPlaceholder: 'der eigene des Benutzers',
      trust: 'Dem Schlüssel des Servers trauen, wenn er nicht bekannt ist',
      password: 'Passwort',
      keyFile: 'oder Datei des Schlüssels',
      hostKey: 'Schlüssel des Servers, falls bekannt',
    },
    path: {
      title: 'Ein Ordner dieses Systems',
      question: 'Welcher Ordner?',
      main: 'Ordner',
      placeholder: '/mnt/backup',
    },
    open: 'Öffnen',
    searching: 'Server im Netzwerk werden gesucht …',
    noneFound: 'Kein Server hat sich im Netzwerk gemeldet: geben Sie ihn ein.',
    found: 'Im Netzwerk gefunden',
    typed: 'Gewählt oder eingegeben',
    help: [
      'Was Sie eingeben, bleibt hier, bis Sie ausschalten, und wird nirgends sonst aufgeschrieben. Ein Passwort wird nie angezeigt und steht in keinem Protokoll.',
      'Server, die sich melden, stehen in der Liste; Enter übernimmt einen, und was noch fehlt, wird dahinter eingegeben.',
      'Das Netzwerk wird zuerst gestartet, wenn es nicht läuft. Werkzeuge, Netzwerk zeigt, ob dieser Rechner eine Adresse hat.',
    ],
  },
  folder: {
    title: 'Ordner für Abbilder',
    question: {
      image: 'In welchen Ordner soll das Abbild?',
      restore: 'In welchem Ordner sind die Abbilder?',
      verify: 'In welchem Ordner sind die Abbilder?',
    },
    found: 'Abbilder wurden gefunden in',
    here: 'der Ordner selbst',
    on: (folder, place) => `der Ordner „${folder}“ auf ${place}`,
    none: 'Hier sind noch keine Abbilder.',
    noneFound:
      'Hier wurden zwei Ordner tief keine Abbilder gefunden. Liegen sie tiefer, geben Sie den Ordner ein.',
    fresh: 'Ein neuer Ordner',
    typed: 'Ordner',
    other: 'Oder ein anderer Ordner',
    help: [
      'Sind schon Abbilder da, legen Sie das neue dazu: was sie gemeinsam haben, wird nur einmal gespeichert, und das ist das meiste.',
      'Ein neuer Ordner wird angelegt, wenn es ihn nicht gibt.',
    ],
  },
  images: {
    title: 'Abbilder',
    question: {
      restore: 'Welches Abbild möchten Sie zurückspielen?',
      verify: 'Welches Abbild möchten Sie prüfen?',
    },
    everything: 'Alles in diesem Ordner',
    none: 'In diesem Ordner sind keine Abbilder.',
    damaged: (id, problem) => `Das Abbild ${id} ist nicht lesbar: ${problem}`,
    taken: (when) => `vom ${when} UTC`,
    from: (machine) => `auf ${machine}`,
    usedOf: (used, size) => `${used} belegt von ${size}`,
    help: [
      'Das neueste steht oben. Jedes ist vollständig: keines braucht ein anderes.',
      'Die Zeiten kommen von der Uhr des Rechners, der das Abbild machte; sie kann falsch gegangen sein. Die Nummern zählen aufwärts.',
    ],
  },
  parts: {
    title: 'Platten des Abbilds',
    question: 'Dieses Abbild enthält mehrere Platten. Welche möchten Sie zurückspielen?',
    goOn: 'Weiter',
    help: ['Jede kommt auf eine eigene Platte, die Sie als nächstes wählen.'],
  },
  target: {
    title: 'Ziel',
    question: (what, size) => `Welche Platte soll mit dem Abbild von ${what} (${size}) überschrieben werden?`,
    warning: 'Alles, was auf der gewählten Platte ist, geht verloren.',
    same: 'Von dieser Platte stammt das Abbild.',
    isPlace: 'Auf ihr liegen die Abbilder. Die Platte mit dem Abbild kann nicht überschrieben werden.',
    chosen: 'Sie ist schon für eine andere Platte des Abbilds gewählt.',
    small: (by, needed) => `Sie ist um ${by} zu klein: das Abbild braucht mindestens ${needed}.`,
    smaller: (by, size) => `Sie ist um ${by} kleiner als das Original (${size}): ob es geht, sagt der Plan.`,
    sectors: (has, had) =>
      `Ihre Sektoren haben ${has} Byte, die des Originals ${had}: ob es geht, sagt der Plan.`,
    readOnly: 'Sie ist schreibgeschützt. Sehen Sie nach dem Schalter.',
    file: 'Oder eine Abbilddatei',
    help: [
      'Achten Sie auf Seriennummer und Größe, und auf das, was jetzt darauf ist. Bevor etwas geschrieben wird, sehen Sie, was verloren geht, und müssen einen Teil der Seriennummer eintippen.',
      'Die Platte darf größer sein als das Original, und auch kleiner, wenn alles Platz hat: der Plan sagt es.',
    ],
  },
  copies: {
    title: 'Eine Platte kopieren',
    source: 'Welche Platte möchten Sie kopieren?',
    sourceHelp: [
      'Diese Platte wird nur gelesen. Wählen Sie sie nach Name, Seriennummer und Größe, und nach dem, was darauf ist.',
      'Sie darf nicht benutzt werden. Starten Sie den Rechner vom Permafrost-Stick; der benutzt keine Platte.',
      'Eine Kopie ist keine Sicherung: sie lässt sich später nicht prüfen, und ältere Stände hat sie nicht. Ein Abbild schon.',
    ],
    question: 'Welche Platte soll eine Kopie davon werden?',
    isSource: 'Das ist die Platte, die Sie kopieren möchten.',
    keysHelp:
      'Enter nimmt die Platte, auf der die Marke steht. Für mehrere Kopien zugleich jede mit der Leertaste ankreuzen und dann Enter drücken: gelesen wird nur einmal.',
    help: [
      'Bevor etwas geschrieben wird, sehen Sie, was verloren geht, und müssen von jeder Platte einen Teil der Seriennummer eintippen.',
      'Die Platte darf größer sein als das Original, und auch kleiner, wenn alles Platz hat: der Plan sagt es.',
    ],
  },
};
