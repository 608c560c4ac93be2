/** What a check of booting says: plain data, for reports and for people. */

export type Answer = 'yes' | 'no' | 'unknown';

/** One thing that was looked at. */
export interface BootFinding {
  readonly level: 'good' | 'problem' | 'unknown' | 'note';
  /** A full sentence. */
  readonly text: string;
  /** What can be done about it, as a full sentence. */
  readonly remedy?: string;
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
  readonly notes: readonly string[];
}

export function good(text: string): BootFinding {
  return { level: 'good', text };
}

export function problem(text: string, remedy?: string): BootFinding {
  return { level: 'problem', text, ...(remedy === undefined ? {} : { remedy }) };
}

export function unknown(text: string): BootFinding {
  return { level: 'unknown', text };
}

export function note(text: string): BootFinding {
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
