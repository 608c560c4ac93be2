/** Whether what is on a disk starts, in words. */
import type {
  BootCheck,
  BootFinding,
  CheckedDisk,
  FirmwareAnswer,
  InstalledSystem,
} from '../engine/index.ts';
import { wrap } from './format.ts';

const answers = { yes: 'yes', no: 'NO', unknown: 'not known' } as const;
const starts = { yes: 'starts', no: 'DOES NOT START', unknown: 'whether it starts is not known' } as const;
const marks = { good: '+', problem: '!', unknown: '?', note: '·' } as const;

/** All that was looked at. */
export function bootLines({ uefi, bios, systems, notes }: BootCheck, width: number): string[] {
  const lines = [
    'Firmware finds on this disk',
    ...firmwareLines('UEFI', uefi, width),
    ...firmwareLines('BIOS', bios, width),
  ];
  if (systems.length === 0) lines.push('', 'No installed system was found on it.');
  for (const system of systems) lines.push('', ...systemLines(system, width));
  return [
    ...lines,
    ...(notes.length === 0 ? [] : ['']),
    ...notes.flatMap((note) => wrap(`Note: ${note}`, width)),
  ];
}

function systemLines(system: InstalledSystem, width: number): string[] {
  return [
    ...wrap(`${system.name}, ${system.place}: ${starts[system.starts]}`, width),
    ...firmwareLines('by UEFI', system.uefi, width),
    ...firmwareLines('by BIOS', system.bios, width),
    ...findingLines(system.findings, width),
  ];
}

function firmwareLines(name: string, { answer, findings }: FirmwareAnswer, width: number): string[] {
  return [`  ${name}: ${answers[answer]}`, ...findingLines(findings, width)];
}

function findingLines(findings: readonly BootFinding[], width: number): string[] {
  return findings.flatMap(({ level, text, remedy }) => [
    ...wrap(`${marks[level]} ${text}`, width, '    '),
    ...(remedy === undefined ? [] : wrap(`→ ${remedy}`, width, '      ')),
  ]);
}

/** One line a system, for the end of a job; why not is what `bootcheck` says. */
export function bootSummary({ identity, check }: CheckedDisk, width: number): string[] {
  return check.systems.flatMap(({ name, place, starts: answer, uefi, bios }) => {
    const ways = [...(uefi.answer === 'yes' ? ['UEFI'] : []), ...(bios.answer === 'yes' ? ['BIOS'] : [])];
    const by = answer === 'yes' ? ` by ${ways.join(' and ')}` : '';
    return wrap(`${identity.path}: ${name} on ${place} ${starts[answer]}${by}`, width, '  ');
  });
}
