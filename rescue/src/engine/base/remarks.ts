/**
 * What the engine says besides errors: remarks, each with a code and typed values. Its English words are one template a
 * remark; they are what the command line prints and what manifests and reports record. A front end finds out which
 * remark a recorded text is ({@link recognise}), also of images that were made long ago, and says it in its own language.
 */
import { boot } from './remarks/boot.ts';
import { contents } from './remarks/contents.ts';
import { jobs } from './remarks/jobs.ts';
import { newIds } from './remarks/new-ids.ts';
import { places } from './remarks/places.ts';
import { resizing } from './remarks/resizing.ts';
import { tables } from './remarks/tables.ts';

export const remarkTemplates = {
  ...boot,
  ...contents,
  ...jobs,
  ...newIds,
  ...places,
  ...resizing,
  ...tables,
};

export type RemarkCode = keyof typeof remarkTemplates;
type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
/** Values whose name ends so are numbers; those of `Bytes` and `Start` count bytes. */
type NumberName = `${string}${'Bytes' | 'Start' | 'umber' | 'ount' | 'Size'}`;
type Details<C extends RemarkCode> = {
  readonly [Name in NamesIn<(typeof remarkTemplates)[C]>]: Name extends NumberName ? number : string;
};
type DetailsOf<C extends RemarkCode> = [NamesIn<(typeof remarkTemplates)[C]>] extends [never]
  ? []
  : [Details<C>];

/** Plain data, as plans and reports keep it. */
export interface Remark {
  readonly code: RemarkCode;
  /** In English. */
  readonly text: string;
  /** A value can be the text of another remark. */
  readonly details: Readonly<Record<string, string | number>>;
}

const remarkCodes = Object.keys(remarkTemplates) as readonly RemarkCode[];

const PLACEHOLDER = /\{(\w+)\}/g;
const NUMBER_NAME = /(?:Bytes|Start|umber|ount|Size)$/;

/** The English words of a remark. */
export function say<C extends RemarkCode>(code: C, ...[details]: DetailsOf<C>): string {
  const values = (details ?? {}) as Readonly<Record<string, string | number>>;
  return remarkTemplates[code].replace(PLACEHOLDER, (_, name: string) => String(values[name]));
}

export function remark<C extends RemarkCode>(code: C, ...details: DetailsOf<C>): Remark {
  return { code, text: say(code, ...details), details: details[0] ?? {} };
}

interface Pattern {
  readonly code: RemarkCode;
  readonly names: readonly string[];
  readonly pattern: RegExp;
  /** Of what is the remark's own, in characters. */
  readonly ownLength: number;
  readonly isWordless: boolean;
}

/** The remark that `text` is, with its values; `undefined` where it is none. Its first letter may be a capital. */
export function recognise(text: string): Remark | undefined {
  for (const { code, names, pattern, isWordless } of patterns()) {
    const values = pattern.exec(text)?.slice(1);
    // What has no words of its own is a remark about another one.
    if (values === undefined || (isWordless && recognise(values.at(-1)!) === undefined)) continue;
    return { code, text, details: Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
  }
  return undefined;
}

let compiled: readonly Pattern[] | undefined;

/** Those with the most words of their own first: a general one could pass for them. */
function patterns(): readonly Pattern[] {
  compiled ??= remarkCodes
    .map(compile)
    .filter(({ ownLength }) => ownLength > 0)
    .sort((a, b) => (a.isWordless && b.isWordless ? a.ownLength - b.ownLength : b.ownLength - a.ownLength));
  return compiled;
}

function compile(code: RemarkCode): Pattern {
  const template = remarkTemplates[code];
  const parts = template.split(PLACEHOLDER);
  const seen: string[] = [];
  const source = parts.map((part, i) => {
    if (i % 2 === 0) return i === 0 ? capitalOrNot(part) : escape(part);
    if (seen.includes(part)) return `\\${seen.indexOf(part) + 1}`;
    seen.push(part);
    return NUMBER_NAME.test(part) ? '(\\d+)' : '([^]+?)';
  });
  const own = parts.filter((_, i) => i % 2 === 0).join('');
  const pattern = new RegExp(`^${source.join('')}$`);
  return { code, names: seen, pattern, ownLength: own.length, isWordless: !/\w/.test(own) };
}

function capitalOrNot(part: string): string {
  const first = part.charAt(0);
  if (!/[a-z]/i.test(first)) return escape(part);
  return `[${first.toLowerCase()}${first.toUpperCase()}]${escape(part.slice(1))}`;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
