/** Was die Maschine zu Plänen und Platten sagt. */
import type { RemarkCode } from '../../../engine/index.ts';
import type { remarks as english } from '../en/remarks.ts';
import { format } from './numbers.ts';

type Say = (details: Readonly<Record<string, unknown>>) => string;

const bytes = (value: unknown): string => format.bytes(Number(value));
const word = (value: unknown): string => String(value);

export const remarks: typeof english = {
  remarks: {
    'resize/unknown-content': () => 'was darin ist, ist nicht bekannt',
    'resize/not-in-image': () => 'im Abbild ist sie nicht',
    'resize/no-shrink-tool': (d) => `nichts hier verkleinert ${word(d['content'])}`,
    'resize/no-grow-tool': (d) => `nichts hier vergrößert ${word(d['content'])}`,
    'resize/dirty': (d) =>
      `ihr ${word(d['content'])} wurde nicht sauber geschlossen: fahren Sie ihr System ganz herunter, und sichern Sie sie noch einmal`,
    'resize/dirty-windows': (d) =>
      `ihr ${word(d['content'])} wurde nicht sauber geschlossen: fahren Sie Windows ganz herunter, und sichern Sie sie noch einmal`,
    'resize/full': () => 'ihr Dateisystem braucht sie ganz',
    'resize/no-answer': (d) => `${word(d['tool'])} hat nicht gesagt, wie klein sie werden kann`,
    'resize/failed': (d) => `es ging nicht: ${word(d['problem'])}`,
    'grow-later/lvm2': () => 'führen Sie im zurückgespielten System „pvresize“ auf ihr aus',
    'grow-later/luks': () =>
      'der Platz ist da, sobald sie wieder entsperrt wird; vergrößern Sie dann, was darin ist',
    'size/content': (d) => `was darin ist, braucht ${bytes(d['leastBytes'])}`,
    'size/no-room': (d) => `die anderen Partitionen lassen ihr höchstens ${bytes(d['mostBytes'])}`,
    'size/width': (d) => `ihre Art von Dateisystem kann höchstens ${bytes(d['mostBytes'])} haben`,
    'size/empty': () => 'eine Partition hat wenigstens einen Sektor',
    'place/before': (d) => `was vor ihr liegt, lässt erst ab ${bytes(d['leastStart'])} Platz`,
    'place/behind': (d) =>
      `was hinter ihr liegt, lässt ihr nur Platz, wenn sie spätestens bei ${bytes(d['mostStart'])} beginnt`,
    'place/sector': (d) => `Partitionen beginnen hier bei Vielfachen von ${word(d['sectorSize'])} Byte`,
  } satisfies Record<RemarkCode, Say>,
};
