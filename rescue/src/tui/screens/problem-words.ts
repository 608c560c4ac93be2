/** Errors in the person's language: what happened, and what to do next. */
import type { ErrorReport, RawReason, Remark } from '../../engine/index.ts';
import type { Words } from '../words/words.ts';

/** What happened, as a sentence. */
export function problemText({ code, message, details }: ErrorReport, words: Words): string {
  const { why } = details as { why?: Remark };
  const said = isRemark(why) ? { ...details, why: remarkText(why, words) } : details;
  const translated = words.errors[code]?.(said as Readonly<Record<string, unknown>>);
  const sentence = translated ?? message;
  return sentence.charAt(0).toUpperCase() + sentence.slice(1) + (/[.!?]$/.test(sentence) ? '' : '.');
}

/** What to do next. */
export function problemHint({ code, hint }: ErrorReport, words: Words): string {
  return words.hints[code] ?? hint;
}

/** Why all of a region is saved. */
export function rawReason({ code, reason }: RawReason, words: Words): string {
  return words.raw.reasons[code] ?? reason;
}

/** What a person can do so that less is saved. */
export function rawRemedy({ code, remedy }: RawReason, words: Words): string {
  return words.raw.remedies[code] ?? remedy ?? '';
}

/** A remark of the engine; a later one's in its own words. */
export function remarkText({ code, text, details }: Remark, words: Words): string {
  return words.remarks[code]?.(details) ?? text;
}

function isRemark(value: unknown): value is Remark {
  return typeof value === 'object' && value !== null && 'code' in value && 'text' in value;
}
