/** Whether what is on disks starts: one line a system where something was written, all that was looked at on demand. */
import type { BootCheck, BootFinding, FirmwareAnswer, Report } from '../../engine/index.ts';
import type { Tone } from '../theme.ts';
import type { Block } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { said } from './problem-words.ts';

const tones = { yes: 'good', no: 'danger', unknown: 'warning' } as const;
const findingTones: Readonly<Record<BootFinding['level'], Tone>> = {
  good: 'plain',
  problem: 'danger',
  unknown: 'warning',
  note: 'plain',
};

export function bootBlocks({ job, boot = [] }: Report, words: Words): Block[] {
  const w = words.report.boot;
  return boot.flatMap(({ identity, check }) => {
    const systems = check.systems.map(({ name, place, starts }) =>
      text(w[starts](name, `${identity.path}, ${said(place, words)}`), tones[starts]),
    );
    if (job.kind !== 'bootcheck') return systems;
    return [...(systems.length === 0 ? [text(w.none, 'warning')] : systems), ...whyBlocks(check, words)];
  });
}

/** What was found, and what can be done about it. */
function whyBlocks({ uefi, bios, systems, notes }: BootCheck, words: Words): Block[] {
  const w = words.report.boot;
  const found = (findings: readonly BootFinding[]): Block[] =>
    findings.flatMap((finding) => [
      text(said(finding.text, words), findingTones[finding.level], 2),
      ...(finding.remedy === undefined ? [] : [text(said(finding.remedy, words), 'strong', 4)]),
    ]);
  const firmware = (name: string, { answer, findings }: FirmwareAnswer): Block[] => [
    text(w.firmware(name, answer)),
    ...found(findings),
  ];
  return [
    space,
    text(w.finds, 'strong'),
    ...firmware('UEFI', uefi),
    ...firmware('BIOS', bios),
    ...systems.flatMap((system) => [
      space,
      text(`${system.name}, ${said(system.place, words)}`, 'strong'),
      ...firmware('UEFI', system.uefi),
      ...firmware('BIOS', system.bios),
      ...found(system.findings),
    ]),
    ...notes.map((note) => text(said(note, words), 'warning')),
  ];
}
