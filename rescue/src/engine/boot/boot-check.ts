/** What a check of booting says: plain data, for reports and for people. */
import type { Said } from '../base/remarks.ts';

export type Answer = 'yes' | 'no' | 'unknown';

/** One thing that was looked at. */
export interface BootFinding {
  readonly level: 'good' | 'problem' | 'unknown' | 'note';
  /** A full sentence. */
  readonly text: Said;
  /** What can be done about it, as a full sentence. */
  readonly remedy?: Said;
}

/** Whether one kind of firmware finds something, and why. */
export interface FirmwareAnswer {
  readonly answer: Answer;
  readonly findings: readonly BootFinding[];
}

export interface InstalledSystem {
  /** For example `Debian GNU/Linux 13 (trixie)`. */
  readonly name: string;
  readonly kind: 'linux' | 'windows';
  /** For example `partition 2`. */
  readonly place: string;
  /** Whether it starts by at least one kind of firmware, as far as the disk tells. */
  readonly starts: Answer;
  readonly uefi: FirmwareAnswer;
  readonly bios: FirmwareAnswer;
  /** What its own files name, and whether that is there. */
  readonly findings: readonly BootFinding[];
}

export interface BootCheck {
  /** How the machine that looked was started; its boot entries were looked at if it is UEFI. */
  readonly machine: 'uefi' | 'bios';
  /** What firmware finds on the disk whatever system it belongs to. */
  readonly uefi: FirmwareAnswer;
  readonly bios: FirmwareAnswer;
  readonly systems: readonly InstalledSystem[];
  /** What could not be looked into, as full sentences. */
  readonly notes: readonly Said[];
}

export function good(text: Said): BootFinding {
  return { level: 'good', text };
}

export function problem(text: Said, remedy?: Said): BootFinding {
  return { level: 'problem', text, ...(remedy === undefined ? {} : { remedy }) };
}

export function unknown(text: Said): BootFinding {
  return { level: 'unknown', text };
}

export function note(text: Said): BootFinding {
  return { level: 'note', text };
}

/** `no` as soon as one of `answers` is, `yes` if all are. */
export function allOf(answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

/** `yes` as soon as one of `answers` is, `no` if all are. */
export function anyOf(answers: readonly Answer[]): Answer {
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

/** What findings say together: a problem is a no. */
export function answerOf(findings: readonly BootFinding[]): Answer {
  return allOf(
    findings.map(({ level }) => (level === 'problem' ? 'no' : level === 'unknown' ? 'unknown' : 'yes')),
  );
}
