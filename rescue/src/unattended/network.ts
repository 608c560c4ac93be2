/** The network, as far as jobs need it: an address of this machine, and whether a server answers. */
import { access } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { RunProgram } from '../engine/index.ts';

/** A server as a place names it. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** Brings up the wired network in the rescue environment; elsewhere there is none. */
const BRING_UP = '/usr/lib/permafrost/network';
const BRING_UP_SECONDS = 30;

/** Asks for an address where there is none, in the rescue environment. What is wrong, if there is none after it. */
export async function bringUpNetwork(run: RunProgram, signal?: AbortSignal): Promise<string | undefined> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  if (addresses.some(({ internal, address }) => !internal && !address.startsWith('fe80:'))) return undefined;
  if (!(await isRescueEnvironment())) return undefined;
  const { code, problem } = await run(
    { program: BRING_UP, args: [String(BRING_UP_SECONDS)], limitMs: (BRING_UP_SECONDS + 30) * 1000 },
    signal,
  );
  return code === 0 ? undefined : problem.replace(/^network: /, '');
}

/** Whether this is the rescue image and not somebody's machine. */
export async function isRescueEnvironment(): Promise<boolean> {
  return access(BRING_UP).then(
    () => true,
    () => false,
  );
}

/** Whether anything accepts a connection there within `limitMs`. */
export function answers({ host, port }: Server, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(limitMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** The server with its address instead of its name: to look at it needs no name server then. */
export async function withAddress(server: Server): Promise<Server> {
  const { address } = await lookup(server.host);
  return { ...server, host: address };
}
