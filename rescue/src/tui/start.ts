/**
 * The terminal UI: opens its consoles, draws the first screen on each, then looks for disks. The one place that
 * ends it. Loaded only when it is asked for (tui-command.ts).
 */
import { existsSync } from 'node:fs';
import { devicesSettled } from '../unattended/devices-settled.ts';
import { describeBug, Session } from './session.ts';
import { themeFor } from './theme.ts';
import { announceReady } from './runtime/announce-ready.ts';
import { Console } from './runtime/console.ts';
import { RESCUE_MARK } from './rescue-mark.ts';
import { openHost } from './runtime/open-host.ts';
import { World } from './runtime/world.ts';
import { languageOf } from './words/languages.ts';
import { feedHost } from './runtime/host-feed.ts';

/**
 * Progress is drawn so often at most. A picture takes 7 to 20 ms of a processor, which the job would have
 * (docs/benchmarks.md); what a key does is drawn at once.
 */
const SCREEN_MS = 1000;
const SERIAL_MS = 2000;

export interface TuiOptions {
  /** Devices to draw on; this process's own terminal if there are none. */
  readonly consoles: readonly string[];
  readonly language?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Runs until a person leaves; resolves to the exit code. */
export async function runTui(options: TuiOptions): Promise<number> {
  const { environment } = options;
  const consoles =
    options.consoles.length === 0
      ? [new Console({ environment })]
      : options.consoles.map((path) => new Console({ path, environment: environmentOf(path, environment) }));
  const host = await openHost();
  return new Promise((resolve) => {
    const shown = new Map<Session, Console>();
    const stops: (() => void)[] = [];
    let isEnding = false;
    const ending = new AbortController();
    const end = (exitCode: number): void => {
      if (isEnding) return;
      isEnding = true;
      ending.abort();
      for (const stop of stops) stop();
      for (const each of shown.values()) each.close();
      void host.close().finally(() => resolve(exitCode));
    };
    const world = new World({
      host,
      leave: () => end(0),
      runShell: async (session) => {
        for (const [each, console] of shown) if (each === session) await console.runShell('exit: Permafrost');
      },
    });
    for (const each of consoles) {
      const session = new Session({
        language: languageOf(options.language ?? environment['LANG']),
        rescue: existsSync(RESCUE_MARK),
        isRoot: process.getuid?.() === 0,
        host: host.state,
        theme: themeFor(each.environment),
        frame: each.frame,
        runEffect: world.run,
      });
      shown.set(session, each);
      world.add(session);
      each.show(session, () => {
        each.close();
        shown.delete(session);
        if (shown.size === 0) end(1);
      });
      stops.push(
        feedHost(host, each.isSerial ? SERIAL_MS : SCREEN_MS, (state) =>
          session.dispatch({ kind: 'host', state }),
        ),
      );
    }
    const onBug = (error: unknown): void => {
      for (const session of shown.keys()) session.dispatch({ kind: 'bug', text: describeBug(error) });
    };
    process.on('uncaughtException', onBug);
    process.on('unhandledRejection', onBug);
    const onSignal = (): void => end(130);
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, onSignal);
    stops.push(() => world.stop());
    // After the first picture: what is heavy may come now.
    setImmediate(() => {
      void devicesSettled(ending.signal).then(() => {
        if (isEnding) return;
        if (existsSync(RESCUE_MARK)) announceReady(consoles);
        world.start();
      });
    });
  });
}

/** A console opened by its path is no child of a login: TERM follows from what it is. */
function environmentOf(
  path: string,
  environment: TuiOptions['environment'],
): Readonly<Record<string, string | undefined>> {
  const isScreen = /\/tty\d+$/.test(path);
  return { ...environment, TERM: isScreen ? 'linux' : (environment['PERMAFROST_SERIAL_TERM'] ?? 'vt220') };
}
