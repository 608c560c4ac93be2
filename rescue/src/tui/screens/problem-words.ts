/** Errors in the person's language: what happened, and what to do next. */
import type { ErrorReport, RawReason } from '../../engine/index.ts';
import type { Words } from '../words/words.ts';

/** What happened, as a sentence. */
export function problemText({ code, message, details }: ErrorReport, words: Words): string {
  const translated = words.errors[code]?.(details as Readonly<Record<string, unknown>>);
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
