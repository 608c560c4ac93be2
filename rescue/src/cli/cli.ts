/** Picks the command, gives it its arguments, and turns its end into an exit code: the one place that does. */
import { parseArgs } from 'node:util';
import { addonFailure, exitCodes, isPermafrostError, PROGRAM, recoverWritable } from '../engine/index.ts';
import { usageError, type Command, type Invocation } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp, generalHelp } from './help.ts';
import { Output } from './output.ts';

/** After Ctrl-C, how long the job may take to end by itself before the program leaves a hung device behind. */
const CANCEL_PATIENCE_MS = 4500;
const CANCEL_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the command line `args` and resolves to its exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const output = new Output({
    json: args.includes('--json'),
    stdout: process.stdout,
    stderr: process.stderr,
  });
  const wasLost = watchStreams();
  try {
    const exitCode = await dispatch(args, output);
    return exitCode === exitCodes.done && wasLost() ? exitCodes.failed : exitCode;
  } catch (error) {
    const known = isPermafrostError(error) ? error : (addonFailure(error) ?? toUsageError(error));
    if (known !== undefined) {
      output.error(known.toJSON());
      return known.exitCode;
    }
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    output.error({
      code: 'bug',
      message: `this is a bug in ${PROGRAM}: ${detail}`,
      hint: 'Please report it with the lines above. What was committed before is not affected.',
      details: {},
    });
    return exitCodes.failed;
  }
}

async function dispatch(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-V') {
    output.print(PROGRAM);
    output.emit('version', { program: PROGRAM });
    return exitCodes.done;
  }
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const topic = commands.find((command) => command.name === rest[0]);
    process.stdout.write(
      `${(topic === undefined ? generalHelp(commands) : commandHelp(topic)).join('\n')}\n`,
    );
    return name === undefined ? exitCodes.usage : exitCodes.done;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw usageError(`there is no command "${name}"`);
  return runCommand(command, rest, output);
}

async function runCommand(command: Command, args: readonly string[], output: Output): Promise<number> {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: { ...command.options, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: true,
    tokens: true,
  });
  // The last one would count, and nobody could tell that the first did not.
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const twice = names.find((option, i) => {
    const { type, multiple = false } = command.options[option] ?? {};
    return type === 'string' && !multiple && names.indexOf(option) < i;
  });
  if (twice !== undefined) throw usageError(`--${twice} is given twice`);
  if (values['help'] === true) {
    process.stdout.write(`${commandHelp(command).join('\n')}\n`);
    return exitCodes.done;
  }
  // What a run before this one left writable when it was killed.
  if (process.geteuid?.() === 0) await recoverWritable();
  return withCancel((signal) => command.run({ values, positionals, output, signal } satisfies Invocation));
}

/**
 * Output that cannot be written ends no job: one that overwrites a disk goes on to its end. A reader that has seen
 * enough closes the pipe (`| head`), a terminal goes away: that is no failure. Any other loss (a full disk) the result tells.
 */
function watchStreams(): () => boolean {
  let lost = false;
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (lost || code === 'EPIPE' || process.stdout.isTTY) return;
    lost = true;
    process.stderr.write(`permafrost: standard output is not whole: ${message}\n`);
  });
  process.stderr.on('error', () => undefined);
  return () => lost;
}

/** Ctrl-C (or a TERM, or a terminal that hangs up) aborts; a second one, or a device that hangs, ends the program at once. */
async function withCancel(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const leave = (): void => {
    process.stderr.write(
      'permafrost: a device does not answer; leaving it. Nothing half-done was committed.\n',
    );
    process.exit(exitCodes.cancelled);
  };
  const cancel = (signal: NodeJS.Signals): void => {
    // A hang-up comes from the kernel and from the shell: the second one is nobody's impatience.
    if (controller.signal.aborted && signal === 'SIGHUP') return;
    if (controller.signal.aborted) leave();
    controller.abort();
    setTimeout(leave, CANCEL_PATIENCE_MS).unref();
  };
  for (const signal of CANCEL_SIGNALS) process.on(signal, cancel);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of CANCEL_SIGNALS) process.off(signal, cancel);
  }
}

/** Wrong options as `parseArgs` reports them. */
function toUsageError(error: unknown): ReturnType<typeof usageError> | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_PARSE_ARGS') ? usageError((error as Error).message.split('. ')[0]!) : undefined;
}
