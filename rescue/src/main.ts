/** The program: one command line; the terminal UI is loaded only when it is asked for. */
import { runCli } from './cli/cli.ts';

process.exitCode = await runCli(process.argv.slice(2));
