/** Numbers as English writes them. */
import { makeFormat } from '../format.ts';

export const format = makeFormat('.', 'bytes');
