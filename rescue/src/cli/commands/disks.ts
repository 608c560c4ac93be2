/** `permafrost disks`: the disks of this machine. */
import { addLimits, describeDisks, describeLimit, exitCodes, type ListedDisk } from '../../engine/index.ts';
import { usageError, type Command } from '../command.ts';
import { formatBytes, formatTable, wrap } from '../format.ts';

export const disksCommand: Command = {
  name: 'disks',
  usage: '',
  summary: 'list the disks of this machine and why one may not be touched',
  options: {},
  help: {},
  async run({ positionals, output, signal }) {
    if (positionals.length > 0) throw usageError(`unexpected argument "${positionals[0]!}"`);
    const disks = await addLimits(await describeDisks(signal), signal);
    for (const disk of disks) output.emit('disk', disk);
    output.emit('disks', { count: disks.length });
    if (disks.length === 0) output.print('No disks were found.');
    for (const [i, disk] of disks.entries())
      output.print(...(i === 0 ? [] : ['']), ...diskLines(disk, output.width));
    return exitCodes.done;
  },
};

export function diskLines(
  { disk, uses, table, regions, limits = [], problem }: ListedDisk,
  width: number,
): string[] {
  const { path, model, serial, wwn, sizeBytes, sectorSize, physicalSectorSize, bus, removable, rotational } =
    disk;
  const name = [path, formatBytes(sizeBytes), model, serial === undefined ? undefined : `serial ${serial}`];
  const sectors = sectorSize === physicalSectorSize ? `${sectorSize}` : `${sectorSize}/${physicalSectorSize}`;
  const facts = [
    bus,
    ...(wwn === undefined ? [] : [wwn]),
    `sectors of ${sectors} bytes`,
    ...(rotational === undefined ? [] : [rotational ? 'rotating' : 'solid state']),
    ...(removable ? ['removable'] : []),
    ...(disk.readOnly ? ['read-only'] : []),
    ...(disk.isProtected ? ['protected'] : []),
    ...(disk.backingFile === undefined ? [] : [`file ${disk.backingFile}`]),
    ...(table === undefined || table === 'none' ? [] : [table.toUpperCase()]),
  ];
  const rows = regions.map(({ name: region, fileSystem, length }) => [
    `    ${region}`,
    fileSystem.kind,
    fileSystem.label ?? '',
    formatBytes(length),
    fileSystem.uuid ?? '',
  ]);
  return [
    name.filter((fact) => fact !== undefined).join('  '),
    ...wrap(facts.join(', '), width, '  '),
    ...(rows.length === 0
      ? []
      : formatTable(['    REGION', 'CONTENT', 'LABEL', 'SIZE', 'UUID'], rows, [
          'left',
          'left',
          'left',
          'right',
          'left',
        ])),
    ...limits.flatMap((limit) => wrap(`WARNING: ${describeLimit(limit)}`, width, '  ')),
    ...uses.flatMap(({ message }) => wrap(`IN USE: ${message}`, width, '  ')),
    ...(problem === undefined ? [] : wrap(`Not read: ${problem}`, width, '  ')),
  ];
}
