/**
 * The job that a machine finds when it starts: named on the kernel's command line, or lying on a file system with the
 * label PERMAFROST. More than one is an error, since nobody is there to say which is meant. Reading changes no disk:
 * a file system is mounted so that not even its journal is replayed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  asIs,
  describeDisks,
  type ListedDisk,
  PermafrostError,
  runProgram,
  say,
  type Said,
  throwIfCancelled,
} from '../engine/index.ts';
import { commandLineWord, readCommandLine } from './command-line.ts';
import { fetchJob, sumProblem, type FetchedJob } from './fetch-job.ts';
import { parseJobFile, type JobFile } from './job-file.ts';
import { bringUpNetwork } from './network.ts';
import { readFromFileSystem, readMedium, type ReadText } from './read-unmounted.ts';

/** A job file that was found, and understood. */
export interface BootJob {
  /** Where it comes from, for people. */
  readonly source: string;
  readonly file: JobFile;
}

/** What looking for jobs needs of the machine; tests put their own in place. */
export interface BootSystem {
  readonly commandLine: () => Promise<string>;
  readonly describeDisks: (signal?: AbortSignal) => Promise<readonly ListedDisk[]>;
  /** Files of a file system that is not mounted, by their paths from its root. */
  readonly readFileSystem: (
    device: string,
    kind: string,
    paths: readonly string[],
    signal?: AbortSignal,
  ) => Promise<ReadText[] | { readonly problem: Said }>;
  /** The device that this system was started from; undefined where it is not the rescue environment. */
  readonly medium: () => Promise<string | undefined>;
  readonly bringUpNetwork: (signal?: AbortSignal) => Promise<string | undefined>;
  readonly fetch: (url: string, sha256?: string, signal?: AbortSignal) => Promise<FetchedJob>;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

export interface FindOptions {
  readonly signal?: AbortSignal;
  /** What is waited for (a server, a stick that the command line names), and undefined when that is over. */
  readonly onWaiting?: (what: string | undefined) => void;
  /** What could not be looked at; full sentences. */
  readonly onNote?: (note: string) => void;
  /** Look once, and take what is not there for an error. */
  readonly once?: boolean;
  readonly system?: BootSystem;
}

export const JOB_LABEL = 'PERMAFROST';
export const JOB_NAMES: readonly string[] = ['permafrost-job.yaml', 'job.yaml'];

const PAUSE_MS = 5000;

const liveSystem: BootSystem = {
  commandLine: readCommandLine,
  describeDisks,
  readFileSystem: readFromFileSystem,
  medium: readMedium,
  bringUpNetwork: (signal) => bringUpNetwork(runProgram, signal),
  fetch: fetchJob,
  pause: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

interface FoundText {
  readonly source: string;
  readonly text: string;
}

/**
 * The job of this start, undefined if there is none. Throws `boot-job/not-found` and `boot-job/ambiguous`, and
 * `job-file/invalid` for one that is no job file.
 */
export async function findBootJob(options: FindOptions = {}): Promise<BootJob | undefined> {
  const { system = liveSystem } = options;
  const commandLine = await system.commandLine();
  const word = commandLineWord(commandLine, 'permafrost.job');
  if (word === 'none') return undefined;
  const found: FoundText[] = [];
  if (word !== undefined && word !== '') {
    const sha256 = commandLineWord(commandLine, 'permafrost.job.sha256');
    found.push(await waitFor(word, options, () => namedJob(word, sha256, system, options.signal)));
  }
  found.push(...(await labelledJobs(system, options)));
  const [first, ...others] = found;
  if (first === undefined) return undefined;
  if (others.length > 0)
    throw new PermafrostError('boot-job/ambiguous', { sources: found.map(({ source }) => source) });
  return { source: first.source, file: parseJobFile(first.text, first.source) };
}

type Attempt = FoundText | { readonly problem: Said; readonly final: boolean };

async function waitFor(
  word: string,
  { system = liveSystem, signal, onWaiting, once = false }: FindOptions,
  attempt: () => Promise<Attempt>,
): Promise<FoundText> {
  let said: string | undefined;
  try {
    for (;;) {
      throwIfCancelled(signal);
      const result = await attempt();
      if ('text' in result) return result;
      if (result.final || once)
        throw new PermafrostError('boot-job/not-found', { word, problem: result.problem });
      const what = say('boot-job/waiting', { word, problem: result.problem });
      if (what !== said) onWaiting?.(what);
      said = what;
      await system.pause(PAUSE_MS, signal).catch(() => undefined);
    }
  } finally {
    if (said !== undefined) onWaiting?.(undefined);
  }
}

/** What `permafrost.job=` names. */
async function namedJob(
  word: string,
  sha256: string | undefined,
  system: BootSystem,
  signal?: AbortSignal,
): Promise<Attempt> {
  if (/^https?:\/\//i.test(word)) {
    const noNetwork = await system.bringUpNetwork(signal);
    if (noNetwork !== undefined)
      return { problem: say('boot-job/unfetched', { problem: asIs(noNetwork) }), final: false };
    const fetched = await system.fetch(word, sha256, signal);
    return 'text' in fetched ? { source: word, text: fetched.text } : fetched;
  }
  const [, label, path] = /^(?:LABEL=([^:]+):)?(\/.+)$/.exec(word) ?? [];
  if (path === undefined) return { problem: say('boot-job/no-place'), final: true };
  const where = label === undefined ? await mediumOf(system) : await labelled(label, system, signal);
  if ('problem' in where) return where;
  const texts = await system.readFileSystem(where.device, where.kind, [path], signal);
  if ('problem' in texts) return { problem: say('boot-job/unread', { problem: texts.problem }), final: true };
  const [text] = texts;
  if (text === undefined)
    return { problem: say('boot-job/no-file', { device: where.device, path }), final: true };
  if ('problem' in text) return { problem: say('boot-job/unread', { problem: text.problem }), final: true };
  const problem = sha256 === undefined ? undefined : sumProblem(Buffer.from(text.text), sha256);
  if (problem !== undefined) return { problem, final: true };
  return {
    source:
      label === undefined
        ? say('source/medium', { path, device: where.device })
        : say('source/labelled', { path, device: where.device, label }),
    text: text.text,
  };
}

type Where =
  { readonly device: string; readonly kind: string } | { readonly problem: Said; readonly final: boolean };

async function mediumOf(system: BootSystem): Promise<Where> {
  const device = await system.medium();
  if (device !== undefined) return { device, kind: 'iso9660' };
  return { problem: say('boot-job/no-medium'), final: true };
}

async function labelled(label: string, system: BootSystem, signal?: AbortSignal): Promise<Where> {
  const [first, ...others] = fileSystemsWith(label, await system.describeDisks(signal));
  if (first === undefined) return { problem: say('boot-job/no-label', { label }), final: false };
  if (others.length === 0) return first;
  const devices = [first, ...others].map(({ device }) => device).join(', ');
  return { problem: say('boot-job/several', { label, list: devices }), final: true };
}

/** What lies at the root of every file system with the label. */
async function labelledJobs(system: BootSystem, { signal, onNote }: FindOptions): Promise<FoundText[]> {
  const found: FoundText[] = [];
  for (const { device, kind } of fileSystemsWith(JOB_LABEL, await system.describeDisks(signal))) {
    const texts = await system.readFileSystem(
      device,
      kind,
      JOB_NAMES.map((name) => `/${name}`),
      signal,
    );
    if ('problem' in texts) {
      onNote?.(`Whether ${device} (label ${JOB_LABEL}) holds a job is not known: ${texts.problem}.`);
      continue;
    }
    for (const one of texts) {
      const source = say('source/labelled', { path: one.path.slice(1), device, label: JOB_LABEL });
      if ('problem' in one)
        throw new PermafrostError('boot-job/not-found', { word: source, problem: one.problem });
      found.push({ source, text: one.text });
    }
  }
  return found;
}

function fileSystemsWith(label: string, disks: readonly ListedDisk[]): { device: string; kind: string }[] {
  return disks.flatMap(({ disk, regions }) =>
    regions
      .filter(({ fileSystem }) => fileSystem.label === label)
      .flatMap(({ partitions: [number], fileSystem: { kind } }) => {
        const device =
          number === undefined ? disk.path : disk.partitions.find((part) => part.number === number)?.path;
        return device === undefined ? [] : [{ device, kind }];
      }),
  );
}
