/** One disk with its regions, as lines: what `inspect` prints and plans are made of. */
import { describeIdentity, describeLimit, type DiskPlan, type RegionPlan } from '../engine/index.ts';
import { mapLines } from './disk-map.ts';
import { formatBytes, formatTable, wrap } from './format.ts';

type FileSystemInfo = NonNullable<RegionPlan['fileSystem']>;
type RawReason = NonNullable<RegionPlan['raw']>;

/** Identity, map, table of regions, and why what is kept whole. */
export function diskLines(disk: DiskPlan, width: number): string[] {
  const { identity, sizeBytes, sectorSize, table, regions } = disk;
  const id = table.diskId === undefined ? '' : `, id ${table.diskId}`;
  const map = mapLines(regions, sizeBytes, width);
  return [
    ...wrap(describeIdentity(identity), width),
    ...limitLines(disk, width),
    `  ${formatBytes(sizeBytes)}, ${tableName(table.kind)}${id}, sectors of ${sectorSize} bytes`,
    ...map,
    ...(map.length === 0 ? [] : ['   █ used   ░ unused   · in no partition']),
    ...regionLines(disk, width),
    ...regions.flatMap((region) => overriddenLines(region, width)),
    ...rawLines(regions, width),
    ...regions.flatMap(({ name, warnings }) =>
      warnings.flatMap((warning) => wrap(`${name}: ${warning}`, width, '  ')),
    ),
    ...disk.warnings.flatMap((warning) => wrap(`Note: ${warning}`, width, '  ')),
  ];
}

/** What the disk itself hides, refuses or is about to lose. */
export function limitLines({ limits = [] }: Pick<DiskPlan, 'limits'>, width: number): string[] {
  return limits.flatMap((limit) => wrap(`WARNING: ${describeLimit(limit)}`, width, '  '));
}

/** Bytes that would not be used after a clean shutdown; 0 if that would change nothing or is not known. */
export function savedByShutdown({ raw, length }: Pick<RegionPlan, 'raw' | 'length'>): number {
  return raw?.code === 'dirty' && raw.trustedBytes !== undefined ? length - raw.trustedBytes : 0;
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

/** The table of regions, and below each what is too long for a column. */
function regionLines({ regions, table }: DiskPlan, width: number): string[] {
  const included = regions.filter(({ included: isIncluded }) => isIncluded);
  const [header, ...rows] = formatTable(
    ['  REGION', 'CONTENT', 'LABEL', 'SIZE', 'USED', 'STATE'],
    included.map(regionRow),
    ['left', 'left', 'left', 'right', 'right', 'left'],
  );
  return [
    header!,
    ...included.flatMap((region, i) => {
      const facts = regionFacts(region, table.partitions);
      return [rows[i]!, ...(facts.length === 0 ? [] : wrap(facts.join(', '), width, '      '))];
    }),
  ];
}

function regionRow({ name, fileSystem, length, usedBytes, raw }: RegionPlan): string[] {
  const state = fileSystem === undefined || fileSystem.state === 'unknown' ? [] : [fileSystem.state];
  return [
    `  ${name}`,
    fileSystem?.kind ?? '',
    fileSystem?.label ?? '',
    formatBytes(length),
    formatBytes(usedBytes),
    [...state, ...(raw === undefined ? [] : ['kept whole'])].join(', '),
  ];
}

/** Type and name by the partition table, UUID, and what matters of a container. */
function regionFacts(
  { partitions: numbers, fileSystem }: RegionPlan,
  partitions: DiskPlan['table']['partitions'],
): string[] {
  const entries = partitions.filter(({ number }) => numbers.includes(number));
  return [
    ...entries.flatMap(({ typeName }) => (typeName === undefined ? [] : [typeName])),
    ...entries.flatMap(({ name }) => (name === undefined ? [] : [`named “${name}”`])),
    ...(fileSystem?.uuid === undefined ? [] : [`UUID ${fileSystem.uuid}`]),
    ...(fileSystem === undefined ? [] : contentFacts(fileSystem)),
  ];
}

function contentFacts({ details = {} }: FileSystemInfo): string[] {
  const list = (name: string): string | undefined => {
    const value = details[name];
    return Array.isArray(value) && value.length > 0 ? value.join(', ') : undefined;
  };
  const one = (name: string): string | undefined =>
    details[name] === undefined || details[name] === '' ? undefined : String(details[name]);
  const named = (words: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${words} ${value}`];
  return [
    ...named('volumes', list('volumes')),
    ...named('unlocked by', list('protectors')),
    ...named('encrypted with', one('encryption')),
    ...named('disk group', one('diskGroup')),
    ...named('RAID level', one('level')),
    ...(details['hibernated'] === true ? ['Windows sleeps on it'] : []),
    ...named('also looks like', list('alsoSeen')),
  ];
}

function overriddenLines({ name, overridden }: RegionPlan, width: number): string[] {
  if (overridden === undefined) return [];
  return wrap(`${name}: its bitmap is trusted, as asked, although: ${overridden.reason}.`, width, '  ');
}

/** Why regions are kept whole; those with the same reason together. */
function rawLines(regions: readonly RegionPlan[], width: number): string[] {
  const groups = new Map<string, { raw: RawReason; members: RegionPlan[] }>();
  for (const region of regions) {
    const { raw, name } = region;
    if (raw === undefined) continue;
    // A size belongs to one region, and is said by itself.
    const key = raw.trustedBytes === undefined ? `${raw.reason} ${raw.remedy ?? ''}` : name;
    const group = groups.get(key) ?? { raw, members: [] };
    group.members.push(region);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ raw, members }) => {
    const who = membersName(members);
    const saving = savingSentence(raw, members[0]!.length);
    const why = `${members.length === 1 ? 'all of it is' : 'all of them are'} kept: ${raw.reason}.`;
    // What a person can do leads.
    if (raw.remedy === undefined) return wrap(`${who}: ${why}${saving}`, width, '  ');
    return [
      ...wrap(`${who}: ${raw.remedy}${saving}`, width, '  '),
      ...wrap(`Until then ${why}`, width, '    '),
    ];
  });
}

function membersName(members: readonly RegionPlan[]): string {
  const names = members.map(({ name }) => name);
  if (names.length === 1) return names[0]!;
  const numbers = names.map((name) => name.replace(/^partition /, ''));
  const same = numbers.every((number) => /^\d+$/.test(number));
  const all = same ? numbers : names;
  return `${same ? 'partitions ' : ''}${all.slice(0, -1).join(', ')} and ${all.at(-1)!}`;
}

function savingSentence(raw: RawReason, length: number): string {
  if (raw.trustedBytes === undefined) return '';
  const used = formatBytes(raw.trustedBytes);
  const less = formatBytes(length - raw.trustedBytes);
  return raw.code === 'dirty'
    ? ` Then ${used} of it would be used, ${less} less than now.`
    : ` By its own account ${used} of it are used, ${less} less.`;
}
