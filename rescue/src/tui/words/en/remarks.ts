/** What the engine says of plans and disks: in its own words, but for numbers that nobody reads as bytes. */
import { format } from './numbers.ts';

type Say = (details: Readonly<Record<string, unknown>>) => string;

const bytes = (value: unknown): string => format.bytes(Number(value));

export const remarks = {
  remarks: {
    'size/content': (d) => `what is in it needs ${bytes(d['leastBytes'])}`,
    'size/no-room': (d) => `the other partitions leave it ${bytes(d['mostBytes'])} at most`,
    'size/width': (d) => `its kind of file system can have ${bytes(d['mostBytes'])} at most`,
    'place/before': (d) => `what lies before it leaves room from ${bytes(d['leastStart'])} on`,
    'place/behind': (d) => `what lies behind it leaves room for a start at ${bytes(d['mostStart'])} at most`,
  } as Readonly<Record<string, Say>>,
};
