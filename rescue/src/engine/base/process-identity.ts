/** Which process something belongs to, so that others can tell whether it is still there: proc(5). */
import { readFile, readlink } from 'node:fs/promises';

export interface ProcessIdentity {
  readonly bootId: string;
  /** The namespace that `pid` belongs to: in another container the same number is another process. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** Start time in clock ticks since boot, from /proc/PID/stat: a reused PID differs in it. */
  readonly startTime: string;
}

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    ...(await readPlace()),
    pid: process.pid,
    startTime: (await processStartTime(process.pid)) ?? '',
  };
}

/** The identity among the fields of parsed JSON; undefined if any is missing or wrong. */
export function parseProcessIdentity(fields: Readonly<Record<string, unknown>>): ProcessIdentity | undefined {
  const { bootId, pidNamespace, pid, startTime } = fields;
  if (
    typeof bootId === 'string' &&
    typeof pidNamespace === 'string' &&
    Number.isSafeInteger(pid) &&
    typeof startTime === 'string'
  )
    return { bootId, pidNamespace, pid: pid as number, startTime };
  return undefined;
}

/** Whether `other` runs; undefined if it belongs to another boot, machine or namespace, where it cannot be seen. */
export async function isRunning(other: ProcessIdentity): Promise<boolean | undefined> {
  const here = await readPlace();
  if (other.bootId !== here.bootId || other.pidNamespace !== here.pidNamespace) return undefined;
  return (await processStartTime(other.pid)) === other.startTime;
}

/** Whether `other` belongs to the boot that this process belongs to. */
export async function isOfThisBoot(other: ProcessIdentity): Promise<boolean> {
  return other.bootId === (await readPlace()).bootId;
}

async function readPlace(): Promise<{ bootId: string; pidNamespace: string }> {
  return {
    bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    pidNamespace: await readlink('/proc/self/ns/pid'),
  };
}

/** Field 22 of /proc/PID/stat; undefined if there is no such process or it is only a zombie. */
async function processStartTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The command name is in parentheses and may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
