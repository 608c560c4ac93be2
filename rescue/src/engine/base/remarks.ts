/**
 * What the engine says besides errors: remarks, each with a code and typed values. Its English words are one template a
 * remark; they are what the command line prints and what manifests and reports record. A front end finds out which
 * remark a recorded text is ({@link recognise}), also of images that were made long ago, and says it in its own language.
 */
import { asked } from './remarks/asked.ts';
import { boot } from './remarks/boot.ts';
import { contents } from './remarks/contents.ts';
import { damage } from './remarks/damage.ts';
import { jobFiles } from './remarks/job-files.ts';
import { jobs } from './remarks/jobs.ts';
import { means } from './remarks/means.ts';
import { newIds } from './remarks/new-ids.ts';
import { places } from './remarks/places.ts';
import { remedies } from './remarks/remedies.ts';
import { resizing } from './remarks/resizing.ts';
import { tables } from './remarks/tables.ts';

export const remarkTemplates = {
  ...asked,
  ...boot,
  ...contents,
  ...damage,
  ...jobFiles,
  ...jobs,
  ...means,
  ...newIds,
  ...places,
  ...remedies,
  ...resizing,
  ...tables,
};

export type RemarkCode = keyof typeof remarkTemplates;
type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
/** Values whose name ends so are numbers; those of `Bytes` and `Start` count bytes. */
type NumberName = `${string}${'Bytes' | 'Start' | 'umber' | 'ount' | 'Size'}`;
/** Values that are remarks, or words of others. */
type RemarkName = 'problem' | 'doubt' | 'remark' | 'why' | 'other';
type Details<C extends RemarkCode> = {
  readonly [Name in NamesIn<(typeof remarkTemplates)[C]>]: Name extends NumberName
    ? number
    : Name extends RemarkName
      ? Said
      : string;
};
type DetailsOf<C extends RemarkCode> = [NamesIn<(typeof remarkTemplates)[C]>] extends [never]
  ? []
  : [Details<C>];

declare const isSaid: unique symbol;
/**
 * Words that every language has. What plans, reports and refusals say is of this type, so that a sentence is made by
 * {@link say}, or is openly nobody's here ({@link asIs}); a mere string does not compile.
 */
export type Said = string & { readonly [isSaid]: true };

/** Plain data, as plans and reports keep it. */
export interface Remark {
  readonly code: RemarkCode;
  /** In English. */
  readonly text: Said;
  /** A value can be the text of another remark. */
  readonly details: Readonly<Record<string, string | number>>;
}

const remarkCodes = Object.keys(remarkTemplates) as readonly RemarkCode[];

const PLACEHOLDER = /\{(\w+)\}/g;
const NUMBER_NAME = /(?:Bytes|Start|umber|ount|Size)$/;

/** The English words of a remark. */
export function say<C extends RemarkCode>(code: C, ...[details]: DetailsOf<C>): Said {
  const values = (details ?? {}) as Readonly<Record<string, string | number>>;
  return remarkTemplates[code].replace(PLACEHOLDER, (_, name: string) => String(values[name])) as Said;
}

/**
 * Words of others, which every language shows as they are: what a tool or the kernel said, what an image records (a
 * remark, if {@link recognise} knows it), what the command line alone can say.
 */
export function asIs(text: string): Said {
  return text as Said;
}

export function remark<C extends RemarkCode>(code: C, ...details: DetailsOf<C>): Remark {
  return { code, text: say(code, ...details), details: details[0] ?? {} };
}

/** A template cut into what is its own and the names of the values between. */
interface Pattern {
  readonly code: RemarkCode;
  readonly names: readonly string[];
  /** One more than names. */
  readonly own: readonly string[];
  /** Of what is the remark's own, in characters. */
  readonly ownLength: number;
  readonly isWordless: boolean;
}

/** What is recorded may be anybody's: longer texts, and remarks about remarks about remarks, are left as they are. */
const MAX_TEXT = 2048;
const MAX_NESTED = 2;

/**
 * The remark that `text` is, with its values; `undefined` where it is none. Its first letter may be a capital. Takes a
 * time that grows with the length of the text alone.
 */
export function recognise(text: string): Remark | undefined {
  return text.length > MAX_TEXT ? undefined : recogniseWithin(text, MAX_NESTED);
}

function recogniseWithin(text: string, nested: number): Remark | undefined {
  for (const pattern of patterns()) {
    // What has no words of its own is a remark about another one.
    if (pattern.isWordless && nested === 0) continue;
    const details = valuesIn(text, pattern);
    if (details === undefined) continue;
    const last = pattern.names.at(-1);
    if (pattern.isWordless && recogniseWithin(details[last!]!, nested - 1) === undefined) continue;
    return { code: pattern.code, text: asIs(text), details };
  }
  return undefined;
}

/** Each value ends where what follows it comes first; one that is named again must be the same again. */
function valuesIn(text: string, { names, own }: Pattern): Record<string, string> | undefined {
  const first = own[0]!;
  if (!startsWith(text, first)) return undefined;
  const values: Record<string, string> = {};
  let position = first.length;
  for (const [i, name] of names.entries()) {
    const next = own[i + 1]!;
    const isLast = i === names.length - 1;
    const from = position;
    const known = values[name];
    if (known !== undefined) position += text.startsWith(known, from) ? known.length : text.length + 1;
    else if (NUMBER_NAME.test(name)) while (isDigit(text.charCodeAt(position))) position++;
    else if (isLast) position = text.length - next.length;
    else {
      // No value is empty.
      const found = text.indexOf(next, from + 1);
      position = found < 0 ? text.length + 1 : found;
    }
    if (position <= from || position > text.length || !text.startsWith(next, position)) return undefined;
    values[name] = text.slice(from, position);
    position += next.length;
  }
  return position === text.length ? values : undefined;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function startsWith(text: string, own: string): boolean {
  if (own === '') return true;
  return text.charAt(0).toLowerCase() === own.charAt(0).toLowerCase() && text.startsWith(own.slice(1), 1);
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
  const parts = remarkTemplates[code].split(PLACEHOLDER);
  const own = parts.filter((_, i) => i % 2 === 0);
  const names = parts.filter((_, i) => i % 2 === 1);
  const words = own.join('');
  return { code, names, own, ownLength: words.length, isWordless: !/\w/.test(words) };
}
