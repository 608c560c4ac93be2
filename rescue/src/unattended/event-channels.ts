/** Where a job is told as it goes, besides the console: the ports that this machine has and the job names. */
import { stat } from 'node:fs/promises';
import { commandLineWord, readCommandLine } from './command-line.ts';
import { openEventChannel, type EventChannel } from './event-channel.ts';
import { runProgram } from '../engine/index.ts';

/** The port of a virtual serial card on which a host listens. */
export const EVENTS_PORT = '/dev/virtio-ports/permafrost.events';

export interface EventChannels {
  write(event: { readonly type: string }): void;
  /** The ports that are open: each can be opened once. */
  readonly paths: readonly string[];
  /** Ports that were asked for and cannot be had; full sentences. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/**
 * Opens the virtual port where there is one, the port of `permafrost.progress=` on the kernel's command line, and
 * `progress` of a job file, except those that are `open` already. Never throws: no job fails because nobody can be told.
 */
export async function openEventChannels(
  progress?: string,
  open: readonly string[] = [],
): Promise<EventChannels> {
  const fromKernel = commandLineWord(await readCommandLine(), 'permafrost.progress');
  const paths = new Set<string>();
  const problems: string[] = [];
  if (await isPort(EVENTS_PORT)) paths.add(EVENTS_PORT);
  for (const name of [fromKernel, progress]) {
    if (name === undefined) continue;
    const path = name === 'virtio' ? EVENTS_PORT : `/dev/${name}`;
    if (!/^(virtio|tty[A-Za-z]{1,8}[0-9]{1,3})$/.test(name) || !(await isPort(path)))
      problems.push(`There is no port ${name} to tell the progress to.`);
    else paths.add(path);
  }
  for (const path of open) paths.delete(path);
  const channels: EventChannel[] = [];
  for (const path of paths) {
    try {
      if (path !== EVENTS_PORT)
        // As it was sent: a terminal would change line ends, and echo.
        await runProgram({ program: 'stty', args: ['-F', path, 'raw', '-echo'], limitMs: 5000 });
      channels.push(openEventChannel(path));
    } catch (error) {
      problems.push(`The progress cannot be told to ${path}: ${(error as Error).message}.`);
    }
  }
  return {
    write: (event) => channels.forEach((channel) => channel.write(event)),
    paths: channels.map(({ path }) => path),
    problems,
    close: async () => {
      await Promise.all(channels.map((channel) => channel.close()));
    },
  };
}

async function isPort(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isCharacterDevice(),
    () => false,
  );
}
