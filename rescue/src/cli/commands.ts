/** All commands, in the order of the help. */
import type { Command } from './command.ts';
import { bootcheckCommand } from './commands/bootcheck.ts';
import { bootJobCommand } from './commands/boot-job.ts';
import { cloneCommand } from './commands/clone.ts';
import { disksCommand } from './commands/disks.ts';
import { imageCommand } from './commands/image.ts';
import { imagesCommand } from './commands/images.ts';
import { inspectCommand } from './commands/inspect.ts';
import { logsCommand } from './commands/logs.ts';
import { restoreCommand } from './commands/restore.ts';
import { runCommand } from './commands/run.ts';
import { runnerCommand } from './commands/runner.ts';
import { showCommand } from './commands/show.ts';
import { verifyCommand } from './commands/verify.ts';

export const commands: readonly Command[] = [
  disksCommand,
  inspectCommand,
  imageCommand,
  imagesCommand,
  showCommand,
  restoreCommand,
  cloneCommand,
  verifyCommand,
  bootcheckCommand,
  runCommand,
  bootJobCommand,
  logsCommand,
  runnerCommand,
];
