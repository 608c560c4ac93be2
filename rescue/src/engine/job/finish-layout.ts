/** The plan for partitions that have got their places on one target: tables, boot sectors, and what to say of it. */
import { subReader } from '../base/block-reader.ts';
import { hiddenSectorPatches } from '../filesystem/hidden-sectors.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import { isKept, type Placement } from '../partition/plan-layout.ts';
import { planTables, type NewLayout, type TableWrite } from '../partition/relocate.ts';
import type { LayoutChange } from './plan.ts';
import type { Chosen } from './choose-grown.ts';
import type { LayoutInput, TargetLayout } from './plan-layout.ts';
import type { Shrinking } from './plan-shrink.ts';
import { type Said, say } from '../base/remarks.ts';

/** What was decided of the sizes of partitions. */
export interface Resized {
  /** Those that have been given more room. */
  readonly chosen?: readonly Chosen[];
  readonly shrinks?: readonly Shrinking[];
  readonly shrinking?: TargetLayout['shrinking'];
}

/** The plan for `layout`; throws as reading the tables does. */
export async function finishLayout(
  input: LayoutInput,
  layout: NewLayout,
  { chosen = [], shrinks = [], shrinking }: Resized = {},
  earlierWarnings: readonly Said[] = [],
): Promise<TargetLayout> {
  const { reader, table, sizeBytes, sectorSize } = input;
  const { placements } = layout;
  const tables = await planTables(reader, table, sizeBytes, layout);
  const isShrunk = ({ number }: Placement): boolean => shrinks.some((one) => one.number === number);
  // Those of a file system that is made smaller change with it.
  const moved = await movedBootSectors(
    input,
    placements.filter((placement) => !isShrunk(placement)),
  );
  const grown = chosen.map(({ part, kind, growth }) => {
    const { number, to } = placements.find((placement) => placement.number === part.number)!;
    return { number, span: to, kind, growth };
  });
  const toolOf = (number: number): string | undefined => {
    const growth = grown.find((one) => one.number === number)?.growth;
    if (growth !== undefined) return 'tool' in growth ? growth.tool : undefined;
    return shrinks.find((one) => one.number === number)?.tool;
  };
  return {
    tables: {
      ...tables,
      writes: [...tables.writes, ...moved].sort((a, b) => a.offset - b.offset),
      warnings: [
        ...earlierWarnings,
        ...tables.warnings,
        ...leftOut(input, placements),
        ...(sectorSize === table.sectorSize ? [] : [sectorWarning(input)]),
        ...grown.flatMap(({ number, growth }) =>
          'later' in growth ? [say('layout/grown-later', { number, remark: growth.later.text })] : [],
        ),
      ],
    },
    layout,
    growths: grown.flatMap(({ number, kind, span, growth }) =>
      'tool' in growth ? [{ number, kind, span, sectorSize }] : [],
    ),
    changes: placements.flatMap((placement): LayoutChange[] => {
      if (isKept(placement)) return [];
      const tool = toolOf(placement.number);
      return [{ ...placement, ...(tool === undefined ? {} : { tool }) }];
    }),
    shrinks,
    ...(shrinking === undefined ? {} : { shrinking }),
    refusals: [],
  };
}

function sectorWarning({ table, sectorSize, regions }: LayoutInput): Said {
  const windows = regions.find(({ fileSystem }) =>
    ['ntfs', 'fat12', 'fat16', 'fat32', 'exfat'].includes(fileSystem?.kind ?? ''),
  );
  const sizes = { fromSize: table.sectorSize, toSize: sectorSize };
  if (windows === undefined) return say('layout/new-table', sizes);
  const content = kindTitles[windows.fileSystem!.kind];
  return say('layout/new-table-windows', { ...sizes, content, place: windows.region.name });
}

async function movedBootSectors(
  { reader, table, regions, sectorSize }: LayoutInput,
  placements: readonly Placement[],
): Promise<TableWrite[]> {
  const writes: TableWrite[] = [];
  for (const { number, from, to } of placements) {
    const kind = regions.find(({ region }) => region.partitions.includes(number))?.fileSystem?.kind;
    if (kind === undefined) continue;
    const patches = await hiddenSectorPatches(
      subReader(reader, from.start, from.length, `${reader.name} partition ${number}`),
      { kind, fromSector: from.start / table.sectorSize, toSector: to.start / sectorSize },
    );
    for (const { offset, bytes } of patches)
      writes.push({ offset: to.start + offset, bytes, what: say('part/boot-sector', { number }) });
  }
  return writes;
}

/** Gaps that have no place any more, if there is anything in them. */
function leftOut({ regions, table }: LayoutInput, placements: readonly Placement[]): Said[] {
  return regions.flatMap(({ region, usedBytes }, i) => {
    if (region.kind === 'tail')
      return usedBytes > 0 && table.kind === 'mbr' ? [say('layout/tail-left-out')] : [];
    if (region.kind !== 'gap' || usedBytes === 0) return [];
    const before = placements.find(({ number }) => regions[i - 1]?.region.partitions.includes(number));
    const after = placements.find(({ number }) => regions[i + 1]?.region.partitions.includes(number));
    if (before === undefined || after === undefined) return [];
    const room = after.to.start - (before.to.start + before.to.length);
    return room < region.length ? [say('layout/gap-closed', { place: region.name })] : [];
  });
}
