/** `permafrost bootcheck`: says for each system on a disk whether firmware can find it, and why not. */
import { runBootCheck } from '../../engine/index.ts';
import { onlyArgument, SECTOR_SIZE_HELP, sectorSizeOption, type Command } from '../command.ts';
import { finishReport } from '../report-lines.ts';

export const bootcheckCommand: Command = {
  name: 'bootcheck',
  usage: 'TARGET [--sector-size N]',
  summary: 'say for every system installed on a disk whether firmware can find it, and why not',
  options: { 'sector-size': { type: 'string' } },
  help: {
    'sector-size': SECTOR_SIZE_HELP,
  },
  async run({ values, positionals, output, signal }) {
    const report = await runBootCheck(
      {
        kind: 'bootcheck',
        target: onlyArgument(positionals, 'TARGET'),
        ...sectorSizeOption(values),
      },
      { signal },
    );
    return finishReport(report, output);
  },
};
