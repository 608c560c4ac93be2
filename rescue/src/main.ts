/** The program: one command line; without arguments on a terminal the UI, which is loaded only then. */
import { runCli } from './cli/cli.ts';
import { runTuiCommand } from './tui/tui-command.ts';

const args = process.argv.slice(2);
const isUi = args[0] === 'tui' || (args.length === 0 && process.stdin.isTTY && process.stdout.isTTY);

// No top-level await: the executable's main script is CommonJS.
void (isUi ? runTuiCommand(args.slice(1)) : runCli(args)).then((exitCode) => {
  process.exitCode = exitCode;
});
