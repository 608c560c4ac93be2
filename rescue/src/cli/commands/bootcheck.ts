/** `permafrost bootcheck`: says for each system on a disk whether firmware can find it, and why not. */
import { runBootCheck } from '../../engine/index.ts';
import { integer, onlyArgument, optional, type Command } from '../command.ts';
import { finishReport } from '../report-lines.ts';

export const bootcheckCommand: Command = {
  name: 'bootcheck',
  usage: 'TARGET [--sector-size N]',
  summary: 'say for every system installed on a disk whether firmware can find it, and why not',
  options: { 'sector-size': { type: 'string' } },
  help: {
    'sector-size': 'N: logical sector size of a disk-image file, 512 or 4096, where it cannot be told',
  },
  async run({ values, positionals, output, signal }) {
    const report = await runBootCheck(
      {
        kind: 'bootcheck',
        target: onlyArgument(positionals, 'TARGET'),
        ...optional('sectorSize', integer(values, 'sector-size')),
      },
      { signal },
    );
    return finishReport(report, output);
  },
};
