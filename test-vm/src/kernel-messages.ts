/** What a kernel says only when something is wrong. */

const trouble: readonly RegExp[] = [
  /\bBUG:/,
  /\bOops\b/,
  /\bWARNING: /,
  /Kernel panic/,
  /general protection fault/,
  /\bCall Trace:/,
  /blocked for more than \d+ seconds/,
  /soft lockup|hard LOCKUP|rcu.*stall|self-detected stall/i,
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
