/** What a kernel says only when something is wrong. */

/** What a kernel also says when its emulated processors were not given any time by a host that is busy. */
export const stalls: readonly RegExp[] = [
  /blocked for more than \d+ seconds/,
  /soft lockup|hard LOCKUP|rcu.*stall|self-detected stall/i,
  // Of these; a trace of anything else has a line of its own above it.
  /\bCall Trace:/,
];

const trouble: readonly RegExp[] = [
  /\bBUG:/,
  /\bOops\b/,
  /\bWARNING: /,
  /Kernel panic/,
  /general protection fault/,
  ...stalls,
  /Out of memory|oom-kill|page allocation failure/,
  /I\/O error|Buffer I\/O error|lost async page write/,
  /EXT4-fs error|XFS .*(corruption|error)|SQUASHFS error/i,
  /failed command: |exception Emask|reset failed/,
];

/** The lines of `log` that mean trouble and that none of `expected` allows. */
export function kernelTrouble(log: string, expected: readonly RegExp[] = []): string[] {
  return log
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => trouble.some((pattern) => pattern.test(line)))
    .filter((line) => !expected.some((pattern) => pattern.test(line)));
}
