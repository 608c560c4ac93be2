/** `permafrost show`: what one image holds. */
import { exitCodes, Repository, selectImage, type ImagedDisk } from '../../engine/index.ts';
import { onlyArgument, optional, required, text, type Command } from '../command.ts';
import { mapLines } from '../disk-map.ts';
import { formatBytes, formatTable, wrap } from '../format.ts';

export const showCommand: Command = {
  name: 'show',
  usage: 'IMAGE --repo DIR',
  summary: 'show the disks and partitions of an image',
  options: { repo: { type: 'string' }, machine: { type: 'string' }, disk: { type: 'string' } },
  help: {
    repo: 'DIR: the repository',
    machine: 'NAME: only images of this machine (host name, id or model)',
    disk: 'NAME: only images with this disk (serial, WWN, model or path)',
  },
  async run({ values, positionals, output }) {
    const repository = await Repository.open(required(values, 'repo'));
    const manifest = await selectImage(repository, {
      image: onlyArgument(positionals, 'IMAGE'),
      ...optional('machine', text(values, 'machine')),
      ...optional('ofDisk', text(values, 'disk')),
    });
    output.emit('image', manifest);
    const { id, name, created, sequence, machine, program } = manifest;
    output.print(
      `Image ${id}`,
      `  "${name}", number ${sequence}, taken ${created.slice(0, 16).replace('T', ' ')} UTC on ${machine.hostname} by ${program}`,
    );
    for (const disk of manifest.disks) output.print('', ...imagedDiskLines(disk, output.width));
    for (const warning of manifest.warnings) output.say(`Note: ${warning}`);
    return exitCodes.done;
  },
};

function imagedDiskLines(disk: ImagedDisk, width: number): string[] {
  const facts = [disk.path, disk.model, disk.serial === undefined ? undefined : `serial ${disk.serial}`];
  const regions = disk.regions.map((region) => ({ ...region, usedBytes: region.sums.usedBytes }));
  return [
    `Disk ${disk.number}: ${[...facts, formatBytes(disk.sizeBytes)].filter((fact) => fact !== undefined).join(', ')}`,
    ...mapLines(regions, disk.sizeBytes, width),
    ...formatTable(
      ['  REGION', 'CONTENT', 'LABEL', 'START', 'SIZE', 'USED', 'UNREADABLE'],
      disk.regions.map(({ name, fileSystem, start, length, sums, content }) => [
        `  ${name}`,
        content === undefined ? 'left out' : (fileSystem?.kind ?? ''),
        fileSystem?.label ?? '',
        String(start),
        formatBytes(length),
        formatBytes(sums.usedBytes),
        sums.badBytes > 0 ? formatBytes(sums.badBytes) : '',
      ]),
      ['left', 'left', 'left', 'right', 'right', 'right', 'right'],
    ),
    ...disk.regions.flatMap(({ name, raw, overridden }) => [
      ...(raw === undefined ? [] : wrap(`${name}: saved whole, because ${raw}`, width, '  ')),
      ...(overridden === undefined
        ? []
        : wrap(`${name}: its bitmap was trusted although ${overridden}`, width, '  ')),
    ]),
  ];
}
