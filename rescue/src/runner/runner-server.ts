/** Lets front ends in other processes use a host over a socket. None of them can hold up a job, or the others. */
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { PermafrostError, PROGRAM, type Said, say } from '../engine/index.ts';
import { maskPlace } from '../unattended/describe-place.ts';
import type { HostState, JobHost } from './job-host.ts';
import { JsonLines } from './json-lines.ts';
import {
  MOST_CALL_BYTES,
  parseClientMessage,
  PROTOCOL,
  toLine,
  type ClientMessage,
  type Request,
  type RunnerMessage,
} from './protocol.ts';
import { errorReportOf } from './run-view.ts';

/** More clients than consoles and shells of one machine are a mistake. */
const MOST_CLIENTS = 64;
/** Calls of one client that are under way. */
const MOST_CALLS = 32;
/** How long a client may leave what it was sent unread, or take to say hello. */
const PATIENCE_MS = 30_000;

export class RunnerServer {
  readonly #host: JobHost;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  /** Which connections asked for a place. */
  readonly #holders = new Map<string, Set<Connection>>();

  private constructor(host: JobHost) {
    this.#host = host;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.on('error', () => undefined); // of single connections: out of descriptors, for example
    host.subscribe((state) => {
      for (const connection of this.#connections) connection.show(state);
    });
  }

  /** Throws `runner/protocol` if there is a runner at `path` already, and the system's error if nothing can listen there. */
  static async listen(path: string, host: JobHost): Promise<RunnerServer> {
    if (await isAnswered(path))
      throw new PermafrostError('runner/protocol', { problem: say('runner/there', { path }) });
    await rm(path, { force: true });
    const created = new RunnerServer(host);
    const before = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        created.#server.once('error', reject);
        created.#server.listen(path, resolve);
      });
    } finally {
      process.umask(before);
    }
    await chmod(path, 0o600);
    return created;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const connection: Connection = new Connection(socket, {
      state: () => this.#host.state,
      perform: (request, signal) => this.#perform(request, signal, connection),
      onEnd: () => this.#forget(connection),
    });
    this.#connections.add(connection);
    if (this.#connections.size > MOST_CLIENTS)
      connection.dismiss(say('runner/full', { mostCount: MOST_CLIENTS }));
  }

  async #perform(request: Request, signal: AbortSignal, connection: Connection): Promise<unknown> {
    const host = this.#host;
    switch (request.method) {
      case 'place': {
        const place = await host.place(request.rule, signal);
        let holders = this.#holders.get(place.id);
        if (holders === undefined) this.#holders.set(place.id, (holders = new Set()));
        holders.add(connection);
        if (connection.isGone) this.#letGo(place.id, connection);
        // No secret goes back.
        return { ...place, rule: maskPlace(place.rule) };
      }
      case 'release':
        if (this.#dropHolder(request.placeId, connection)) await host.release(request.placeId);
        return undefined;
      case 'plan':
        return host.plan(request.job, signal);
      case 'start':
        return host.start(request.job, request.digest, request.workers);
      default:
        return host[request.method]();
    }
  }

  /** Whether nobody else holds the place. */
  #dropHolder(placeId: string, connection: Connection): boolean {
    const holders = this.#holders.get(placeId);
    holders?.delete(connection);
    if (holders !== undefined && holders.size > 0) return false;
    this.#holders.delete(placeId);
    return true;
  }

  #letGo(placeId: string, connection: Connection): void {
    // Whoever could be told that it fails is gone.
    if (this.#dropHolder(placeId, connection)) this.#host.release(placeId).catch(() => undefined);
  }

  /** A client that ended without a word leaves nothing mounted. */
  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    for (const [placeId, holders] of [...this.#holders])
      if (holders.has(connection)) this.#letGo(placeId, connection);
  }
}

interface ConnectionOptions {
  readonly state: () => HostState;
  readonly perform: (request: Request, signal: AbortSignal) => Promise<unknown>;
  readonly onEnd: () => void;
}

class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #lines = new JsonLines(MOST_CALL_BYTES);
  readonly #calls = new Map<number, AbortController>();
  #saidHello = false;
  /** What it was sent is not read yet: states are not queued, the newest goes out when there is room. */
  #isFull = false;
  #isBehind = false;
  #patience: NodeJS.Timeout;
  #plan: unknown;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#patience = setTimeout(() => this.dismiss(say('runner/silent')), PATIENCE_MS);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('drain', () => this.#onRoom());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#patience);
      for (const call of this.#calls.values()) call.abort();
      options.onEnd();
    });
  }

  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  show(state: HostState): void {
    if (!this.#saidHello) return;
    if (this.#isFull) {
      this.#isBehind = true;
      return;
    }
    const { plan, ...rest } = state as { plan?: unknown } & HostState;
    if (plan !== undefined && plan === this.#plan) this.#send({ state: rest, samePlan: true });
    else {
      this.#plan = plan;
      this.#send({ state });
    }
  }

  /** Says why, and closes. */
  dismiss(problem: Said): void {
    if (this.isGone) return;
    this.#send({ bye: new PermafrostError('runner/protocol', { problem }).toJSON() });
    this.#socket.destroySoon();
    this.#socket.removeAllListeners('data').resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    for (const line of this.#lines.take(bytes)) {
      const message = 'problem' in line ? undefined : parseClientMessage(line.value);
      if (message === undefined) {
        this.dismiss('problem' in line ? line.problem : say('runner/unknown'));
        return;
      }
      if (!this.#obey(message)) return;
    }
  }

  #obey(message: ClientMessage): boolean {
    if ('hello' in message) {
      this.#send({ hello: { protocol: PROTOCOL, program: PROGRAM } });
      if (message.hello.protocol !== PROTOCOL) {
        this.dismiss(
          say('runner/version', {
            version: String(message.hello.protocol),
            own: String(PROTOCOL),
          }),
        );
        return false;
      }
      clearTimeout(this.#patience);
      this.#saidHello = true;
      this.show(this.#options.state());
      return true;
    }
    if (!this.#saidHello) {
      this.dismiss(say('runner/no-hello'));
      return false;
    }
    if ('abort' in message) {
      this.#calls.get(message.abort)?.abort();
      return true;
    }
    if (this.#calls.size >= MOST_CALLS || this.#calls.has(message.call)) {
      this.dismiss(say('runner/too-much'));
      return false;
    }
    void this.#answer(message.call, message.request);
    return true;
  }

  async #answer(call: number, request: Request): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(call, controller);
    try {
      const result = await this.#options.perform(request, controller.signal);
      this.#send({ answer: call, result });
    } catch (error) {
      this.#send({ answer: call, error: errorReportOf(error) });
    } finally {
      this.#calls.delete(call);
    }
  }

  #send(message: RunnerMessage): void {
    if (this.isGone || this.#socket.writableEnded) return;
    if (this.#socket.write(toLine(message)) || this.#isFull) return;
    this.#isFull = true;
    // Until it reads, it gets nothing more to do either.
    this.#socket.pause();
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.destroy(), PATIENCE_MS);
  }

  #onRoom(): void {
    clearTimeout(this.#patience);
    this.#isFull = false;
    this.#socket.resume();
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.show(this.#options.state());
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
