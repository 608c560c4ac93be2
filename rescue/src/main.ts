/** The program: one command line; the terminal UI is loaded only when it is asked for. */
import { runCli } from './cli/cli.ts';

// No top-level await: the executable's main script is CommonJS.
void runCli(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
