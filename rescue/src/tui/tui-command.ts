/**
 * `permafrost tui`: its arguments, and what is said where there is no terminal. What draws is loaded after that; in the
 * executable what Ink stands on has to be there before Ink is loaded (scripts/bundle-tui.ts).
 */
import { parseArgs } from 'node:util';
import { asIs, exitCodes, PermafrostError } from '../engine/index.ts';

const HELP = `permafrost tui [--plain] [--console DEVICE]... [--language en|de]
  the terminal UI; the same as permafrost without arguments

  --plain            line by line, for screen readers: choices have numbers, nothing is
                     drawn, coloured or printed over
  --console DEVICE   draw on this terminal, for example /dev/ttyS0; may be repeated
  --language en|de   the language to begin with; it can be changed at any time
`;

/** Resolves to the exit code. */
export async function runTuiCommand(args: readonly string[]): Promise<number> {
  let values: { console?: string[]; language?: string; help?: boolean; plain?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        console: { type: 'string', multiple: true },
        language: { type: 'string' },
        plain: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return usage((error as Error).message);
  }
  if (values.help === true) {
    process.stdout.write(HELP);
    return exitCodes.done;
  }
  const { language, console: consoles = [] } = values;
  if (language !== undefined && !['en', 'de'].includes(language))
    return usage(`there is no language "${language}"`);
  if (values.plain === true && consoles.length > 0)
    return usage('--plain reads and prints where it was started: it takes no --console');
  if (values.plain !== true && consoles.length === 0 && !(process.stdin.isTTY && process.stdout.isTTY))
    return usage('the terminal UI needs a terminal; "permafrost help" lists the commands');
  const spoken = language === undefined ? {} : { language };
  if (values.plain === true) {
    const { runPlain } = await import('./plain/run-plain.ts');
    return runPlain({ environment: process.env, ...spoken });
  }
  const { runTui } = await loadScreens();
  return runTui({ consoles, environment: process.env, ...spoken });
}

/** Loads what draws; the build does so too, since V8's code cache holds what has run (scripts/code-cache.ts). */
export async function loadScreens(): Promise<typeof import('./start.ts')> {
  // Chalk asks the environment while it is loaded, once for all consoles; each theme decides for itself.
  process.env['FORCE_COLOR'] = '1';
  return import('./start.ts');
}

function usage(problem: string): number {
  const error = new PermafrostError('usage/invalid', { problem: asIs(problem) });
  process.stderr.write(`permafrost: ${error.message}\n  ${error.hint}\n`);
  return exitCodes.usage;
}
