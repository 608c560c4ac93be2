/** Deutsch. Einfache Worte: Wer das liest, hat heute vielleicht Daten verloren und dieses Programm noch nie gesehen. */
import { choosing } from './choosing.ts';
import { common } from './common.ts';
import { errors } from './errors.ts';
import { job } from './job.ts';
import { layout } from './layout.ts';
import { remarks } from './remarks/remarks.ts';
import { tools } from './tools.ts';
import { format } from './numbers.ts';
import type { Words } from '../words.ts';

export const de: Words = {
  format,
  ...common,
  ...choosing,
  ...job,
  ...layout,
  ...tools,
  ...errors,
  ...remarks,
};
