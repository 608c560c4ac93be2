/** `permafrost tui --plain`: reads lines, prints lines. Needs no terminal; colours and the cursor are not touched. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describeBug } from '../session.ts';
import { RESCUE_MARK } from '../rescue-mark.ts';
import { feedHost } from '../runtime/host-feed.ts';
import { openHost } from '../runtime/open-host.ts';
import { World } from '../runtime/world.ts';
import { themeFor } from '../theme.ts';
import { languageOf } from '../words/languages.ts';
import { PlainSession } from './plain-session.ts';

/** The host is looked at so often; the session says less. */
const FEED_MS = 500;

export interface RunPlainOptions {
  readonly language?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Runs until a person leaves, or the input ends; resolves to the exit code. */
export async function runPlain({ language, environment }: RunPlainOptions): Promise<number> {
  const { stdin, stdout } = process;
  // A terminal that has gone away ends nothing but this.
  stdout.on('error', () => undefined);
  const host = await openHost();
  const lines = createInterface({ input: stdin, terminal: false });
  return new Promise((resolve) => {
    let isEnding = false;
    const stops: (() => void)[] = [];
    const end = (exitCode: number): void => {
      if (isEnding) return;
      isEnding = true;
      for (const stop of stops) stop();
      lines.close();
      stdin.destroy();
      void host.close().finally(() => resolve(exitCode));
    };
    const world = new World({
      host,
      leave: () => end(0),
      runShell: async () => {
        lines.pause();
        await new Promise<void>((back) => {
          const shell = spawn(environment['SHELL'] ?? '/bin/sh', { stdio: 'inherit' });
          shell.once('error', () => back());
          shell.once('exit', () => back());
        });
        lines.resume();
      },
    });
    const session = new PlainSession({
      language: languageOf(language ?? environment['LANG']),
      rescue: existsSync(RESCUE_MARK),
      isRoot: process.getuid?.() === 0,
      host: host.state,
      unicode: themeFor(environment).unicode,
      print: (line) => stdout.write(`${line}\n`),
      columns: () => (stdout.isTTY ? stdout.columns : undefined),
      hideInput: (hidden) => {
        if (stdin.isTTY) spawnSync('stty', [hidden ? '-echo' : 'echo'], { stdio: 'inherit' });
      },
      runEffect: world.run,
    });
    world.add(session);
    const onBug = (error: unknown): void => session.dispatch({ kind: 'bug', text: describeBug(error) });
    process.on('uncaughtException', onBug);
    process.on('unhandledRejection', onBug);
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, () => end(130));
    session.start();
    stops.push(feedHost(host, FEED_MS, (state) => session.dispatch({ kind: 'host', state })));
    stops.push(() => world.stop());
    lines.on('line', (line) => session.enter(line));
    lines.on('close', () => end(0));
    setImmediate(() => world.start());
  });
}
