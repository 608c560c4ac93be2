/** `permafrost images`: what a repository holds. */
import { exitCodes, Repository, type Manifest } from '../../engine/index.ts';
import { required, usageError, type Command } from '../command.ts';
import { formatBytes, formatTable } from '../format.ts';

export const imagesCommand: Command = {
  name: 'images',
  usage: '--repo DIR',
  summary: 'list the images of a repository',
  options: { repo: { type: 'string' } },
  help: { repo: 'DIR: the repository' },
  async run({ values, positionals, output }) {
    if (positionals.length > 0) throw usageError(`unexpected argument "${positionals[0]!}"`);
    const repository = await Repository.open(required(values, 'repo'));
    const { images, damaged } = await repository.listImages();
    for (const image of images) output.emit('image', image);
    for (const image of damaged) output.emit('damaged-image', image);
    output.emit('images', { count: images.length, damaged: damaged.length });
    if (images.length === 0) output.print('There are no images in this repository yet.');
    else
      output.print(
        ...formatTable(
          ['No', 'ID', 'NAME', 'TAKEN (UTC)', 'MACHINE', 'DISKS', 'SIZE', 'USED'],
          images.map(row),
          ['right', 'left', 'left', 'left', 'left', 'left', 'right', 'right'],
        ),
      );
    for (const { id, problem } of damaged) output.say(`Image ${id.slice(0, 8)} cannot be read: ${problem}`);
    return damaged.length > 0 ? exitCodes.unverified : exitCodes.done;
  },
};

function row({ sequence, id, name, created, machine, disks }: Manifest): string[] {
  const used = disks.flatMap(({ regions }) => regions).reduce((sum, { sums }) => sum + sums.usedBytes, 0);
  return [
    String(sequence),
    id.slice(0, 8),
    name,
    created.slice(0, 16).replace('T', ' '),
    machine.hostname,
    disks.map(({ serial, path }) => serial ?? path).join(' + '),
    formatBytes(disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)),
    formatBytes(used),
  ];
}
