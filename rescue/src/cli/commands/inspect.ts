/** `permafrost inspect`: what is on a disk, as a table and a map. */
import { exitCodes, inspectSource } from '../../engine/index.ts';
import { flag, onlyArgument, SECTOR_SIZE_HELP, sectorSizeOption, type Command } from '../command.ts';
import { diskLines } from '../disk-lines.ts';

export const inspectCommand: Command = {
  name: 'inspect',
  usage: 'SOURCE [--sector-size N]',
  summary: 'show the partitions of a disk, what is on them, and how much of it is used',
  options: { 'sector-size': { type: 'string' }, ranges: { type: 'boolean' } },
  help: {
    'sector-size': SECTOR_SIZE_HELP,
    ranges: 'with --json: every used extent of every region',
  },
  async run({ values, positionals, output, signal }) {
    const plan = await inspectSource(onlyArgument(positionals, 'SOURCE'), {
      signal,
      ranges: flag(values, 'ranges'),
      ...sectorSizeOption(values),
    });
    output.emit('inspection', plan);
    output.print(...diskLines(plan, output.width));
    return exitCodes.done;
  },
};
