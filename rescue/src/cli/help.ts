/** The text of `permafrost help`. */
import { PROGRAM } from '../engine/index.ts';
import type { Command } from './command.ts';
import { formatTable } from './format.ts';

const common: Readonly<Record<string, string>> = {
  json: 'print JSON lines: progress as it comes, the report last',
  help: 'print this help',
};

export function generalHelp(commands: readonly Command[]): string[] {
  return [
    `${PROGRAM}: images, restores and verifies unmounted disks`,
    '',
    'Usage: permafrost COMMAND [ARGUMENTS] [OPTIONS]',
    '',
    ...formatTable(
      ['Commands:', ''],
      commands.map(({ name, summary }) => [`  ${name}`, summary]),
    ),
    '',
    'permafrost help COMMAND tells more. SOURCE and TARGET are block devices or disk-image files.',
    'IMAGE is an id, the beginning of one, a name, or "latest".',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with gaps, 4 does not verify, 130 cancelled.',
  ];
}

export function commandHelp({ name, usage, summary, options, help }: Command): string[] {
  const rows = Object.entries({ ...help, ...common }).map(([option, text]) => {
    const takesValue = options[option]?.type === 'string';
    const [value, ...words] = takesValue ? text.split(': ') : ['', text];
    return [`  --${option}${takesValue ? ` ${value!}` : ''}`, words.join(': ')];
  });
  return [
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    '',
    `Usage: permafrost ${name} ${usage}`,
    '',
    ...formatTable(['Options:', ''], rows),
  ];
}
