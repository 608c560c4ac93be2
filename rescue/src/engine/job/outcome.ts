/** What an outcome means to who waits for it. */
import { exitCodes } from '../base/error-table.ts';
import type { Outcome } from './job-report.ts';

/** The exit code of a command that ends with this outcome. */
export const exitCodeOf: Readonly<Record<Outcome, number>> = {
  done: exitCodes.done,
  'done-with-gaps': exitCodes.gaps,
  'done-in-part': exitCodes.failed,
  failed: exitCodes.failed,
  'does-not-verify': exitCodes.unverified,
  cancelled: exitCodes.cancelled,
};

/** Whether a next step may build upon it. */
export function isGood(outcome: Outcome): boolean {
  return outcome === 'done' || outcome === 'done-with-gaps';
}
