/** Sizes, rates, times and shares as people write them, in each language. */

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export interface Format {
  /** `1.5 GiB`; whole numbers below 1 KiB. */
  readonly bytes: (bytes: number) => string;
  readonly rate: (bytesPerSecond: number) => string;
  /** `1:05:09` or `0:42`. */
  readonly duration: (seconds: number) => string;
  /** `37 %`. */
  readonly share: (part: number, whole: number) => string;
  /** Of an ISO 8601 time: day, hour and minute. */
  readonly moment: (iso: string) => string;
}

/** Numbers with `point` before decimals; `bytesWord` for the smallest unit. */
export function makeFormat(point: string, bytesWord: string): Format {
  const bytes = (count: number): string => {
    let unit = 0;
    let value = count;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    if (unit === 0) return `${Math.round(count)} ${bytesWord}`;
    return `${value.toFixed(value < 100 ? 1 : 0).replace('.', point)} ${UNITS[unit]!}`;
  };
  return {
    bytes,
    rate: (bytesPerSecond) => `${bytes(Math.round(bytesPerSecond))}/s`,
    duration: (seconds) => {
      const total = Math.max(0, Math.round(seconds));
      const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
      const two = (n: number): string => String(n).padStart(2, '0');
      return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
    },
    // Never 100 before the end.
    share: (part, whole) => (whole <= 0 ? '100 %' : `${Math.floor(Math.min(1, part / whole) * 100)} %`),
    moment: (iso) => iso.slice(0, 16).replace('T', ' '),
  };
}

/** `1 disk`, `3 disks`. */
export function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
