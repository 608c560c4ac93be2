/** Sizes as people type them. */

const KI = 1024;
const units: Readonly<Record<string, number>> = {
  b: 1,
  k: KI,
  kib: KI,
  kb: 1000,
  m: KI ** 2,
  mib: KI ** 2,
  mb: 1000 ** 2,
  g: KI ** 3,
  gib: KI ** 3,
  gb: 1000 ** 3,
  t: KI ** 4,
  tib: KI ** 4,
  tb: 1000 ** 4,
};

/**
 * Bytes of `20GiB`, `1.5 T`, `100 MB` (powers of 1000) or `1048576` (bytes): whole ones, rounded down; undefined if it
 * is no size. A comma does for the point.
 */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15}(?:[.,]\d{1,9})?) *([a-z]{0,3})$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const factor = units[unit === '' ? 'b' : unit.toLowerCase()];
  const bytes = factor === undefined ? NaN : Math.floor(Number(digits.replace(',', '.')) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
