/**
 * Servers with shares that announce themselves on the local network: those that Avahi, macOS and most network storage
 * make known by multicast DNS. They are asked for a moment and no longer; a server that says nothing can be typed.
 */
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import {
  encodeQuery,
  MDNS_ADDRESS,
  MDNS_PORT,
  nameKey,
  parseRecords,
  type DnsName,
  type DnsRecord,
} from './mdns.ts';

export type ShareKind = 'nfs' | 'smb' | 'ssh';

export interface FoundServer {
  readonly kind: ShareKind;
  /** What it calls itself, for people; may hold anything. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Of NFS, the folder that it exports, where it says so. */
  readonly path?: string;
}

export interface FindServersOptions {
  readonly signal?: AbortSignal;
  /** How long answers are waited for. */
  readonly limitMs?: number;
}

const services: Readonly<Record<string, ShareKind>> = {
  [nameKey(['_nfs', '_tcp', 'local'])]: 'nfs',
  [nameKey(['_smb', '_tcp', 'local'])]: 'smb',
  [nameKey(['_sftp-ssh', '_tcp', 'local'])]: 'ssh',
  [nameKey(['_ssh', '_tcp', 'local'])]: 'ssh',
};
const asked = Object.keys(services).map((key) => key.split('\0'));

const LIMIT_MS = 2500;
/** Answers get lost: asked once more. */
const AGAIN_MS = 800;
/** More than a network has that a person chooses from; and no more, whoever sends them. */
const MOST_RECORDS = 2000;
const MOST_SERVERS = 50;

/** In the order of their names; none where there is no network. Never rejects but for an abort, with its reason. */
export async function findServers({ signal, limitMs = LIMIT_MS }: FindServersOptions = {}): Promise<
  FoundServer[]
> {
  signal?.throwIfAborted();
  /** Each once, by all that it says: who answers twice takes nobody's place. */
  const records = new Map<string, DnsRecord>();
  const sockets = await Promise.all(ownAddresses().map((address) => openSocket(address)));
  const open = sockets.filter((socket) => socket !== undefined);
  if (open.length === 0) return [];
  const ask = (): void => {
    const names = missing([...records.values()]);
    for (const socket of open) {
      // First what is missing: where very many answer the other question, what comes behind them is lost.
      if (names.length > 0)
        for (const type of ['SRV', 'TXT', 'A'] as const) send(socket, encodeQuery(names, type));
      send(socket, encodeQuery(asked, 'PTR'));
    }
  };
  for (const socket of open)
    socket.on('message', (message) => {
      for (const record of parseRecords(message))
        if (records.size < MOST_RECORDS) records.set(JSON.stringify(record), record);
    });
  const again = setInterval(ask, AGAIN_MS);
  try {
    ask();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, limitMs);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    });
  } finally {
    clearInterval(again);
    for (const socket of open) socket.close();
  }
  return serversOf([...records.values()]);
}

/** IPv4 addresses of this machine, one for each network that it is in. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address),
  );
}

/** Undefined where that network knows no multicast. */
function openSocket(address: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const give = (opened: Socket | undefined): void => {
      if (opened === undefined) socket.close();
      resolve(opened);
    };
    socket.once('error', () => give(undefined));
    socket.bind(0, address, () => {
      socket.removeAllListeners('error');
      // What goes wrong later is an answer that does not come.
      socket.on('error', () => undefined);
      try {
        socket.setMulticastInterface(address);
        give(socket);
      } catch {
        give(undefined);
      }
    });
  });
}

function send(socket: Socket, query: Buffer): void {
  socket.send(query, MDNS_PORT, MDNS_ADDRESS, () => undefined);
}

/** Names that were given, and of which it is not known where they are. */
function missing(records: readonly DnsRecord[]): DnsName[] {
  const known = new Set(records.filter(({ type }) => type !== 'PTR').map(({ name }) => nameKey(name)));
  return records
    .flatMap((record) =>
      (record.type === 'PTR' && nameKey(record.name) in services) || record.type === 'SRV'
        ? [record.target]
        : [],
    )
    .filter((name) => name.length > 0 && name.every((label) => label !== '') && !known.has(nameKey(name)))
    .slice(0, MOST_SERVERS);
}

/** What `records` say together. */
export function serversOf(records: readonly DnsRecord[]): FoundServer[] {
  const found = new Map<string, FoundServer>();
  const of = <T extends DnsRecord['type']>(type: T, name: DnsName): Extract<DnsRecord, { type: T }>[] =>
    records.filter(
      (record): record is Extract<DnsRecord, { type: T }> =>
        record.type === type && nameKey(record.name) === nameKey(name),
    );
  for (const record of records) {
    if (record.type !== 'PTR' || found.size >= MOST_SERVERS) continue;
    const kind = services[nameKey(record.name)];
    const [name = ''] = record.target;
    const [service] = of('SRV', record.target);
    if (kind === undefined || service === undefined || name.trim() === '' || service.port === 0) continue;
    const [host] = of('A', service.target);
    if (host === undefined || /^(0|127|2[2-5]\d)\./.test(host.address)) continue;
    const path = of('TXT', record.target)
      .flatMap(({ texts }) => texts)
      .find((text) => /^path=\/[\x20-\x7e]{0,200}$/.test(text))
      ?.slice('path='.length);
    const { port } = service;
    const { address } = host;
    const server = { kind, name: name.slice(0, 63), address, port };
    found.set(
      [kind, address, port, path].join(' '),
      kind === 'nfs' && path !== undefined ? { ...server, path } : server,
    );
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
