/** Numbers as German writes them. */
import { makeFormat } from '../format.ts';

export const format = makeFormat(',', 'Byte');
