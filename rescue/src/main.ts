/** The program: one command line; without arguments on a terminal the UI. Each is a part that only its own start loads. */
import { isSea } from 'node:sea';
import { loadPart } from './engine/base/load-part.ts';

const args = process.argv.slice(2);
const isUi = args[0] === 'tui' || (args.length === 0 && process.stdin.isTTY && process.stdout.isTTY);

async function runUi(rest: readonly string[]): Promise<number> {
  const part = isSea() ? (loadPart('tui') as typeof import('./tui/tui-command.ts')) : undefined;
  return (part ?? (await import('./tui/tui-command.ts'))).runTuiCommand(rest);
}

async function runCommand(): Promise<number> {
  const part = isSea() ? (loadPart('cli') as typeof import('./cli/cli.ts')) : undefined;
  return (part ?? (await import('./cli/cli.ts'))).runCli(args);
}

// No top-level await: the executable's main script is CommonJS.
void (isUi ? runUi(args.slice(1)) : runCommand()).then((exitCode) => {
  process.exitCode = exitCode;
});
