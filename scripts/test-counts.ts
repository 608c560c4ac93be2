/** How many tests passed, failed and were skipped; read from the TAP that node:test writes. */

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/**
 * Reads the sums at the end of one test file's TAP. A run that was cut off has none: what its TAP lists so
 * far is counted instead, and the caller learns from the exit code that it was cut off.
 */
export function countsFromTap(tap: string): Counts {
  const sum = (name: string): number | undefined => {
    const match = new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap);
    return match === null ? undefined : Number(match[1]);
  };
  const passed = sum('pass');
  if (passed === undefined) {
    const results = tap.match(/^ *(?:not )?ok \d+ .*$/gm) ?? [];
    const skipped = results.filter((line) => /# (SKIP|TODO)\b/.test(line)).length;
    const failed = results.filter((line) => /^ *not ok (?!.*# TODO\b)/.test(line)).length;
    return { passed: results.length - failed - skipped, failed, skipped };
  }
  // A `todo` test may fail without failing the run: it is as good as not run.
  return {
    passed,
    failed: (sum('fail') ?? 0) + (sum('cancelled') ?? 0),
    skipped: (sum('skipped') ?? 0) + (sum('todo') ?? 0),
  };
}

/** The last line of a test run: `12 passed, 0 failed`, and `, 1 skipped` if any was. */
export function describeCounts(counts: Counts): string {
  const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}
