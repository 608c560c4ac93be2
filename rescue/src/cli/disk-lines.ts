/** One disk with its regions, as lines: what `inspect` prints and plans are made of. */
import { describeIdentity, type DiskPlan, type RegionPlan } from '../engine/index.ts';
import { mapLines } from './disk-map.ts';
import { formatBytes, formatTable, wrap } from './format.ts';

/** Identity, map, table of regions, and why what is saved whole. */
export function diskLines(disk: DiskPlan, width: number): string[] {
  const { identity, sizeBytes, sectorSize, table, regions } = disk;
  const id = table.diskId === undefined ? '' : `, id ${table.diskId}`;
  return [
    ...wrap(describeIdentity(identity), width),
    `  ${formatBytes(sizeBytes)}, ${tableName(table.kind)}${id}, sectors of ${sectorSize} bytes`,
    ...mapLines(regions, sizeBytes, width),
    ...formatTable(
      ['  REGION', 'CONTENT', 'LABEL', 'SIZE', 'USED', 'STATE'],
      regions.filter(({ included }) => included).map(regionRow),
      ['left', 'left', 'left', 'right', 'right', 'left'],
    ),
    ...regions.flatMap((region) => regionNotes(region, width)),
    ...disk.warnings.flatMap((warning) => wrap(`Note: ${warning}`, width, '  ')),
  ];
}

function tableName(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    gpt: 'GPT',
    mbr: 'MBR',
    none: 'no partition table',
    unreadable: 'unreadable partition table',
  };
  return names[kind] ?? kind;
}

function regionRow({ name, fileSystem, length, usedBytes, raw }: RegionPlan): string[] {
  const state =
    fileSystem === undefined ? '' : raw === undefined ? fileSystem.state : `${fileSystem.state}, whole`;
  return [
    `  ${name}`,
    fileSystem?.kind ?? '',
    fileSystem?.label ?? '',
    formatBytes(length),
    formatBytes(usedBytes),
    state === 'unknown' ? '' : state.replace('unknown, ', ''),
  ];
}

function regionNotes({ name, raw, overridden, warnings }: RegionPlan, width: number): string[] {
  const lines: string[] = [];
  if (raw !== undefined) {
    // The remedy leads: it is what the person can do.
    if (raw.remedy !== undefined) lines.push(...wrap(`${name}: ${raw.remedy}`, width, '  '));
    const saving =
      raw.trustedBytes === undefined ? '' : ` Otherwise it would be ${formatBytes(raw.trustedBytes)}.`;
    lines.push(...wrap(`${name}: everything in it counts as used: ${raw.reason}.${saving}`, width, '  '));
  }
  if (overridden !== undefined)
    lines.push(
      ...wrap(`${name}: its bitmap is trusted, as asked, although: ${overridden.reason}.`, width, '  '),
    );
  for (const warning of warnings) lines.push(...wrap(`${name}: ${warning}`, width, '  '));
  return lines;
}
