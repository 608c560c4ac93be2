/**
 * Brings the place of a repository within reach: a folder, a file system of a disk, or a share, mounted for as long as
 * it is needed. What is not there yet is waited for, and said.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdir, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import {
  acquireWritable,
  asIs,
  describeDisks,
  PermafrostError,
  runProgram,
  type Said,
  say,
} from '../engine/index.ts';
import { describePlace, withoutSecrets } from './describe-place.ts';
import { mountDisk } from './disk-place.ts';
import type { RepositoryRule } from './job-file.ts';
import { answers, bringUpNetwork, withAddress, type Server } from './network.ts';
import type { PlaceSystem } from './place-system.ts';
import { mountShare } from './share-place.ts';
import { serverOf } from './share-mount.ts';

export interface PlacedRepository {
  readonly path: string;
  /** What answers as long as it can be reached; absent for what is on this machine. */
  readonly server?: Server;
  /** Unmounts what was mounted for it, lazily where a server hangs. Idempotent; throws `job-file/unmount`. */
  readonly release: () => Promise<void>;
}

export interface PlaceOptions {
  readonly signal?: AbortSignal;
  /** What is waited for, and undefined when the waiting is over. */
  readonly onWaiting?: (what: string | undefined) => void;
  /** What a person should know of it, such as a key that was trusted unseen. */
  readonly onNote?: (note: string) => void;
  /** How long to wait for what may come, in seconds; Infinity for ever. Default 60. */
  readonly waitSeconds?: number;
  /** What is done for the folder: made if it is missing (the default), must be there, or may be missing. */
  readonly folder?: 'create' | 'existing' | 'any';
  /** Mounts a disk so that no byte of it changes: for looking only. */
  readonly untouched?: boolean;
  readonly system?: PlaceSystem;
}

const WAIT_SECONDS = 60;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

const liveSystem: PlaceSystem = {
  run: runProgram,
  describeDisks,
  acquireWritable,
  bringUpNetwork: (signal) => bringUpNetwork(runProgram, signal),
  answers: (server) => answers(server, 5000),
  pause: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
  nowMs: () => performance.now(),
};

/** What is mounted, before its folder is looked for. */
export interface MountedPlace {
  readonly mountPoint: string;
  readonly release: () => Promise<void>;
}

/** Why a place cannot be had now. */
export interface PlaceProblem {
  readonly problem: Said;
  /** Waiting does not heal it. */
  readonly final: boolean;
}

/** Throws `job-file/repository` if it cannot be told which one is meant, it does not come, or it cannot be used. */
export async function placeRepository(
  rule: RepositoryRule,
  options: PlaceOptions = {},
): Promise<PlacedRepository> {
  if ('path' in rule) return { path: rule.path, release: () => Promise.resolve() };
  const { system = liveSystem, signal, folder: wanted = 'create' } = options;
  const folder = 'ssh' in rule ? '.' : checkedFolder(rule, rule.folder ?? '.');
  const mounted = await waitFor(rule, options, () =>
    'label' in rule || 'uuid' in rule
      ? mountDisk(rule, system, options.untouched === true, signal)
      : mountShare(rule, system, { ...(signal === undefined ? {} : { signal }), ...note(options) }),
  );
  const path = join(mounted.mountPoint, folder);
  try {
    // A share that may only be read can hold the folder all the same.
    if (wanted === 'create')
      await mkdir(path, { recursive: true }).catch((error: unknown) => statOr(path, error));
    if (wanted === 'existing') await stat(path);
  } catch (error) {
    await mounted.release();
    throw failure(rule, say('place/unusable', { problem: asIs((error as Error).message) }));
  }
  const server =
    'label' in rule || 'uuid' in rule ? undefined : await withAddress(serverOf(rule)).catch(() => undefined);
  return { path, release: mounted.release, ...(server === undefined ? {} : { server }) };
}

async function statOr(path: string, error: unknown): Promise<void> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw error;
}

function note({ onNote }: PlaceOptions): { onNote?: (note: string) => void } {
  return onNote === undefined ? {} : { onNote };
}

/** Tries until `attempt` succeeds, its problem is final, or the time is over. */
async function waitFor(
  rule: RepositoryRule,
  { system = liveSystem, signal, onWaiting, waitSeconds = WAIT_SECONDS }: PlaceOptions,
  attempt: () => Promise<MountedPlace | PlaceProblem>,
): Promise<MountedPlace> {
  const untilMs = system.nowMs() + waitSeconds * 1000;
  let pauseMs = FIRST_PAUSE_MS;
  let said: string | undefined;
  try {
    for (;;) {
      throwIfStopped(signal);
      const result = await attempt();
      if ('mountPoint' in result) return result;
      const problem = asIs(withoutSecrets(result.problem, rule));
      const leftMs = untilMs - system.nowMs();
      if (result.final || leftMs <= 0) throw failure(rule, problem);
      const words = say('about/said', { place: describePlace(rule), remark: problem });
      if (words !== said) onWaiting?.(words);
      said = words;
      await system.pause(Math.min(pauseMs, leftMs), signal).catch(() => throwIfStopped(signal));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  } finally {
    if (said !== undefined) onWaiting?.(undefined);
  }
}

function checkedFolder(rule: RepositoryRule, given: string): string {
  const folder = normalize(given).replace(/^\/+(?=.)/, '');
  if (isAbsolute(folder) || folder === '..' || folder.startsWith('../'))
    throw failure(rule, say('place/outside'));
  return folder;
}

function failure(rule: RepositoryRule, problem: Said): PermafrostError {
  return new PermafrostError('job-file/repository', { rule: describePlace(rule), problem });
}

function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new PermafrostError('job/cancelled', { kept: 'Nothing was written.' });
}
