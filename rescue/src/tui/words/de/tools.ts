/** Looking at disks, and the tools. */
import type { tools as english } from '../en/tools.ts';

export const tools: typeof english = {
  disks: {
    title: 'Platten',
    question: 'Die Platten dieses Rechners. Es wird nichts geschrieben.',
    help: ['Wählen Sie eine Platte, um jede ihrer Partitionen zu sehen, und wie viel davon belegt ist.'],
    plug: 'Sie ist nicht hier: ich stecke sie jetzt ein',
  },
  disk: {
    looking: 'Die Platte wird angesehen …',
    gone: 'Die Platte wurde entfernt.',
    table: {
      gpt: 'GPT',
      mbr: 'MBR',
      none: 'keine Partitionstabelle',
      unreadable: 'eine Partitionstabelle, die nicht lesbar ist',
    },
    facts: (table, sector) => `${table}, Sektoren von ${sector} Byte`,
    id: (id) => `Kennung ${id}`,
    bootcheck: 'Nachsehen, ob sie startet',
    bootcheckDetail: 'Folgt dem, was Firmware und Startprogramme fänden. Liest nur.',
    header: ['Bereich', 'Inhalt', 'Name', 'Größe', 'Belegt', 'Zustand'],
    states: { clean: 'sauber', dirty: 'nicht beendet', unknown: '' },
    help: [
      'Belegt ist, was die Dateisysteme belegt nennen. Wo das nicht sicher ist, zählt alles als belegt.',
    ],
  },
  tools: {
    title: 'Werkzeuge',
    shell: 'Shell',
    shellDetail: 'Eine Kommandozeile, für Kundige. „exit“ kommt zurück.',
    logs: 'Protokolle',
    logsDetail: 'Was Rechner und Aufträge gesagt haben; speicherbar auf einem Stick.',
    network: 'Netzwerk',
    networkDetail: 'Adressen dieses Rechners; erfragt eine.',
    keyboard: 'Tastatur',
    keyboardDetail: 'Die Belegung der Tasten.',
    language: 'Language / Sprache',
    clock: 'Uhr',
    clockDetail: 'Die Zeit, die Abbilder und Berichte tragen.',
    reboot: 'Den Rechner neu starten',
    powerOff: 'Den Rechner ausschalten',
    help: ['Dinge neben den Abbildern. Ein laufender Auftrag geht währenddessen weiter.'],
  },
  logs: {
    title: 'Protokolle',
    loading: 'Wird gelesen …',
    save: 'auf Stick speichern',
    help: [
      'Die neuesten Zeilen stehen am Ende. S speichert alle Protokolle, die Berichte und die Meldungen des Kernels auf einem Stick, damit jemand anderes sie ansehen kann. Passwörter sind nicht darin.',
    ],
  },
  network: {
    title: 'Netzwerk',
    up: 'Das Netzwerk starten',
    upDetail: 'Erfragt eine Adresse an jeder Karte mit Kabel.',
    loading: 'Es wird nachgesehen …',
    none: 'Es gibt keine Netzwerkkarte.',
    noCable: 'Es steckt kein Kabel darin.',
    noAddress: 'Sie hat keine Adresse.',
    off: 'Sie ist ausgeschaltet.',
    help: [
      'Nichts im Netzwerk wird benutzt, bevor Sie es wollen. Karten mit Kabel erfragen ihre Adresse bei einem DHCP-Server.',
    ],
  },
  keyboard: {
    title: 'Tastatur',
    question: 'Was für eine Tastatur ist das?',
    done: (name) => `Tastatur ${name}`,
    help: ['Das gilt für die Tastatur des Rechners; an einer seriellen Leitung gilt die Ihres Terminals.'],
  },
  language: { title: 'Language / Sprache', help: ['F2 wechselt die Sprache auf der Startseite.'] },
  clock: {
    title: 'Uhr',
    question: (now) => `Dieser Rechner glaubt, es sei ${now} UTC.`,
    field: 'Stellen auf (UTC)',
    set: 'Die Uhr stellen',
    done: (time) => `die Uhr steht auf ${time}`,
    help: [
      'Von der Uhr hängen nur die Zeiten ab, die Abbilder und Berichte tragen: geordnet sind Abbilder nach Nummern.',
    ],
  },
};
