/** What the engine says, in the person's language: errors, what to do next, and remarks. */
import {
  errorOfReport,
  recognise,
  type ErrorReport,
  type RawReason,
  type Remark,
} from '../../engine/index.ts';
import type { HostState } from '../../runner/job-host.ts';
import type { Words } from '../words/words.ts';

/** Of what came from elsewhere: nobody reads more. */
const MOST_LISTED = 100;

/** What happened, as a sentence. */
export function problemText(report: ErrorReport, words: Words): string {
  const details = Object.fromEntries(
    Object.entries(report.details as Readonly<Record<string, unknown>>).map(
      ([name, value]) => [name, saidValue(value, words)] as const,
    ),
  );
  const sentence =
    words.errors[report.code]?.(details) ?? errorOfReport({ ...report, details })?.message ?? report.message;
  return capital(sentence) + (/[.!?]$/.test(sentence) ? '' : '.');
}

/** Why no job can begin now; undefined where one can. */
export function busyReason(host: HostState, { home }: Words): string | undefined {
  if (host.kind === 'idle') return host.waiting === undefined ? undefined : home.waits;
  if (host.kind === 'lost') return home.lost;
  return host.kind === 'ended' ? home.ended : home.busy;
}

/** What to do next. */
export function problemHint({ code, hint }: ErrorReport, words: Words): string {
  return words.hints[code] ?? hint;
}

/** Why all of a region is saved. */
export function rawReason({ code, reason }: RawReason, words: Words): string {
  return words.raw.reasons[code] ?? said(reason, words);
}

/** What a person can do so that less is saved. */
export function rawRemedy({ remedy }: RawReason, words: Words): string {
  return remedy === undefined ? '' : said(remedy, words);
}

export function remarkText({ code, text, details }: Remark, words: Words): string {
  // A later program's is not known here.
  const template = words.remarks[code] as string | undefined;
  if (template === undefined) return text;
  return template.replace(/\{(\w+)\}( bytes)?/g, (all, name: string, unit: string | undefined) => {
    const value = details[name];
    if (value === undefined) return all;
    if (/(?:Bytes|Start)$/.test(name)) return words.format.bytes(Number(value));
    return `${typeof value === 'number' ? value : said(value, words)}${unit ?? ''}`;
  });
}

/** What plans and reports record in English, also several with `; ` between; as it is where nobody knows what it is. */
export function said(text: string, words: Words): string {
  const found = recognise(text);
  if (found === undefined) return saidList(text, words);
  const sentence = remarkText(found, words);
  return /^[A-Z]/.test(text) ? capital(sentence) : sentence;
}

function saidList(text: string, words: Words): string {
  const parts = text.split('; ');
  return parts.length > 1 && parts.length <= MOST_LISTED
    ? parts.map((part) => said(part, words)).join('; ')
    : text;
}

function saidValue(value: unknown, words: Words): unknown {
  if (typeof value === 'string') return said(value, words);
  return isRemark(value) ? remarkText(value, words) : value;
}

function isRemark(value: unknown): value is Remark {
  return typeof value === 'object' && value !== null && 'code' in value && 'text' in value;
}

export function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
