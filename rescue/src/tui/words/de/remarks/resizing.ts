/** Zu Größen und Plätzen von Partitionen. */
import type { RemarkCode } from '../../../../engine/index.ts';

export const resizing = {
  'resize/unknown-content': 'was darin ist, ist nicht bekannt',
  'resize/not-in-image': 'im Abbild ist sie nicht',
  'resize/no-shrink-tool': 'nichts hier verkleinert {content}',
  'resize/no-grow-tool': 'nichts hier vergrößert {content}',
  'resize/dirty':
    'ihr {content} wurde nicht sauber geschlossen: fahren Sie ihr System ganz herunter, und sichern Sie sie noch einmal',
  'resize/dirty-windows':
    'ihr {content} wurde nicht sauber geschlossen: fahren Sie Windows ganz herunter, und sichern Sie sie noch einmal',
  'resize/full': 'ihr Dateisystem braucht sie ganz',
  'resize/no-answer': '{tool} hat nicht gesagt, wie klein sie werden kann',
  'resize/failed': 'es ging nicht: {problem}',
  'grow-later/lvm2': 'führen Sie im zurückgespielten System „pvresize“ auf ihr aus',
  'grow-later/luks': 'der Platz ist da, sobald sie wieder entsperrt wird; vergrößern Sie dann, was darin ist',
  'size/content': 'was darin ist, braucht {leastBytes}',
  'size/no-room': 'die anderen Partitionen lassen ihr höchstens {mostBytes}',
  'size/width': 'ihre Art von Dateisystem kann höchstens {mostBytes} haben',
  'size/empty': 'eine Partition hat wenigstens einen Sektor',
  'place/before': 'was vor ihr liegt, lässt erst ab {leastStart} Platz',
  'place/behind': 'was hinter ihr liegt, lässt ihr nur Platz, wenn sie spätestens bei {mostStart} beginnt',
  'place/sector': 'Partitionen beginnen hier bei Vielfachen von {sectorSize} Byte',
} satisfies Partial<Record<RemarkCode, string>>;
