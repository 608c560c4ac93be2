/**
 * Text that comes from a disk or its firmware, made fit to be shown: a partition's name must not be able to
 * move the cursor, recolour the screen or reverse the line that asks for a confirmation.
 */

/** Longest text kept; labels and model names have 72 characters at most. */
const MAX_CHARACTERS = 256;

/**
 * `text` without control, formatting (bidirectional marks, joiners), private and unassigned characters and
 * lone surrogates, each run of blanks as one space, trimmed, at most 256 characters.
 */
export function printableText(text: string): string {
  const visible = text
    .slice(0, 8 * MAX_CHARACTERS)
    .replace(/[\s\p{Z}]+/gu, ' ')
    .replace(/\p{C}/gu, '')
    .trim();
  return Array.from(visible).slice(0, MAX_CHARACTERS).join('');
}
