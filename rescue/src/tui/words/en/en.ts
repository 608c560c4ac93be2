/** English. Plain words: whoever reads this may have lost data today, and may have never seen this program. */
import { choosing } from './choosing.ts';
import { common } from './common.ts';
import { errors } from './errors.ts';
import { job } from './job.ts';
import { layout } from './layout.ts';
import { remarks } from './remarks.ts';
import { tools } from './tools.ts';
import { format } from './numbers.ts';

export const en = { format, ...common, ...choosing, ...job, ...layout, ...tools, ...errors, ...remarks };
