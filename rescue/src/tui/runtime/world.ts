/**
 * The world of all consoles: the host of jobs, the disks, the tools. Carries out what flows want, and answers with
 * events; what goes wrong is an answer too.
 */
import {
  inspectSource,
  isPermafrostError,
  Repository,
  repositoryPlace,
  runProgram,
  type ErrorReport,
} from '../../engine/index.ts';
import type { JobHost } from '../../runner/job-host.ts';
import { findServers } from '../../unattended/find-servers.ts';
import { bringUpNetwork } from '../../unattended/network.ts';
import type { Effect } from '../flow/effects.ts';
import type { FlowEvent } from '../flow/events.ts';
import type { OpenedPlace } from '../flow/parts.ts';
import { describeBug } from '../session.ts';
import { DiskWatch } from './disk-watch.ts';
import { findRepositories } from './find-repositories.ts';
import { readNetworkCards } from './network-cards.ts';
import * as tools from './tools.ts';

/** Whoever shows a flow: effects are carried out for it, and it is told what came of them. */
export interface Front {
  dispatch(event: FlowEvent): void;
}

export interface WorldOptions {
  readonly host: JobHost;
  /** Gives the terminal of a session to a shell, and takes it back. */
  readonly runShell: (session: Front) => Promise<void>;
  /** A person wants to leave; the one who started the UI ends it. */
  readonly leave: () => void;
}

export class World {
  readonly #options: WorldOptions;
  readonly #sessions: Front[] = [];
  readonly #disks: DiskWatch;
  /** What is under way, by session and token. */
  readonly #running = new Map<string, AbortController>();
  /** Who has a place open, by its id. */
  readonly #holders = new Map<string, Set<Front>>();

  constructor(options: WorldOptions) {
    this.#options = options;
    const { host } = options;
    this.#disks = new DiskWatch({
      onDisks: (disks) => this.#sessions.forEach((session) => session.dispatch({ kind: 'disks', disks })),
      onError: (error) => this.#sessions.forEach((session) => fail(session, error)),
      isBusy: () => host.state.kind === 'running',
    });
  }

  add(session: Front): void {
    this.#sessions.push(session);
  }

  /** From now on disks are looked for. */
  start(): void {
    this.#disks.start();
  }

  stop(): void {
    this.#disks.stop();
    for (const controller of this.#running.values()) controller.abort();
  }

  readonly run = (effect: Effect, session: Front): void => {
    this.#carryOut(effect, session).catch((error: unknown) => fail(session, error));
  };

  async #carryOut(effect: Effect, session: Front): Promise<void> {
    const { host } = this.#options;
    switch (effect.kind) {
      case 'open-place':
        return this.#answer(session, effect.token, async (signal) => ({
          kind: 'place-opened',
          token: effect.token,
          opened: await this.#openPlace(effect, session, signal),
        }));
      case 'find-servers':
        await bringUpNetwork(runProgram);
        session.dispatch({ kind: 'servers', servers: await findServers() });
        return;
      case 'release-place': {
        const holders = this.#holders.get(effect.placeId);
        holders?.delete(session);
        // Another console may be there too.
        if (holders !== undefined && holders.size > 0) return;
        this.#holders.delete(effect.placeId);
        return host.release(effect.placeId);
      }
      case 'list-images':
        return this.#answer(session, effect.token, async () => {
          const repository = await Repository.open(effect.path);
          try {
            return { kind: 'images', token: effect.token, images: await repository.listImages() };
          } finally {
            await repository.close();
          }
        });
      case 'plan':
        return this.#answer(session, effect.token, async (signal) => ({
          kind: 'planned',
          token: effect.token,
          plan: await host.plan(effect.job, signal),
        }));
      case 'start':
        return this.#answer(session, effect.token, async () => {
          await host.start(effect.job, effect.digest, effect.workers);
          return { kind: 'started', token: effect.token };
        });
      case 'stop':
        this.#running.get(runKey(session, effect.token))?.abort();
        return;
      case 'job':
        return host[effect.action]();
      case 'inspect':
        session.dispatch({
          kind: 'inspected',
          key: effect.key,
          result: await inspectSource(effect.path).catch(reportOf),
        });
        return;
      case 'shell':
        return this.#options.runShell(session);
      case 'read-logs':
        session.dispatch({ kind: 'logs', text: await tools.readLogs() });
        return;
      case 'read-network':
        session.dispatch({ kind: 'network', cards: await readNetworkCards() });
        return;
      case 'network-up':
        return this.#tool(session, effect.token, '', (signal) => tools.bringUpNetwork(signal));
      case 'read-keymaps':
        session.dispatch({ kind: 'keymaps', keymaps: await tools.readKeymaps() });
        return;
      case 'keymap':
        return this.#tool(session, effect.token, effect.name, () => tools.loadKeymap(effect.name));
      case 'set-clock':
        return this.#tool(session, effect.token, effect.time, () => tools.setClock(effect.time));
      case 'save-logs':
        return this.#answer(session, effect.token, async (signal) => {
          const { token, label } = effect;
          const place = await host.place(effect.rule, signal);
          try {
            const { ok, text } = await tools.saveLogs(place.path, signal);
            if (!ok) return { kind: 'failed', token, error: toolProblem(text) };
            const folder = /permafrost-logs-\w+/.exec(text)?.[0] ?? text.trim();
            return { kind: 'logs-saved', token, subject: label, folder };
          } finally {
            await host.release(place.id);
          }
        });
      case 'machine': {
        const result = await tools.endMachine(effect.action);
        if (!result.ok) session.dispatch({ kind: 'problem', error: toolProblem(result.text) });
        return;
      }
      case 'leave':
        this.#options.leave();
    }
  }

  async #openPlace(
    { rule, label, disks }: Extract<Effect, { kind: 'open-place' }>,
    session: Front,
    signal: AbortSignal,
  ): Promise<OpenedPlace> {
    const { host } = this.#options;
    const place = await host.place(rule, signal);
    this.#holders.set(place.id, (this.#holders.get(place.id) ?? new Set()).add(session));
    const repositories = await findRepositories(place.path, signal);
    const known = await repositoryPlace(place.path, true).catch(() => ({ disks }));
    return { place, label, disks: [...new Set([...disks, ...known.disks])], repositories };
  }

  /** Does `work`, which a person may give up; its failure is an answer as well. */
  async #answer(
    session: Front,
    token: number,
    work: (signal: AbortSignal) => Promise<FlowEvent>,
  ): Promise<void> {
    const controller = new AbortController();
    const key = runKey(session, token);
    this.#running.set(key, controller);
    try {
      session.dispatch(await work(controller.signal));
    } catch (error) {
      if (isPermafrostError(error)) session.dispatch({ kind: 'failed', token, error: error.toJSON() });
      else if (isErrorReport(error)) session.dispatch({ kind: 'failed', token, error });
      else if (!controller.signal.aborted) throw error;
    } finally {
      this.#running.delete(key);
    }
  }

  async #tool(
    session: Front,
    token: number,
    subject: string,
    work: (signal: AbortSignal) => Promise<{ ok: boolean; text: string }>,
  ): Promise<void> {
    return this.#answer(session, token, async (signal) => {
      const { ok, text } = await work(signal);
      if (!ok) return { kind: 'failed', token, error: toolProblem(text) };
      return { kind: 'tool-done', token, subject: subject === '' ? text : subject };
    });
  }
}

const sessionNumbers = new WeakMap<Front, number>();
let sessionCount = 0;

function runKey(session: Front, token: number): string {
  let number = sessionNumbers.get(session);
  if (number === undefined) sessionNumbers.set(session, (number = ++sessionCount));
  return `${number}/${token}`;
}

function toolProblem(text: string): ErrorReport {
  return { code: 'tool/failed', message: text, hint: '', details: {} };
}

function isErrorReport(error: unknown): error is ErrorReport {
  return (
    typeof error === 'object' && error !== null && 'code' in error && 'hint' in error && 'message' in error
  );
}

function reportOf(error: unknown): ErrorReport {
  if (isPermafrostError(error)) return error.toJSON();
  throw error;
}

function fail(session: Front, error: unknown): void {
  if (isPermafrostError(error)) session.dispatch({ kind: 'problem', error: error.toJSON() });
  else session.dispatch({ kind: 'bug', text: describeBug(error) });
}
