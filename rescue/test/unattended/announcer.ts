/**
 * A network with servers that announce themselves, and with one that lies: answers what it is asked by multicast DNS,
 * on the address that it is started with. Writes `ready` when it listens.
 */
import { createSocket } from 'node:dgram';
import { encodeName } from '../../src/unattended/mdns.ts';

const [address] = process.argv.slice(2);
if (address === undefined) throw new Error('on which address?');

const types = { A: 1, PTR: 12, TXT: 16, SRV: 33 } as const;

function record(name: readonly string[], type: keyof typeof types, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(types[type], 0);
  head.writeUInt16BE(0x8001, 2);
  head.writeUInt32BE(10, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), head, data]);
}

function answer(...records: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x8400, 2);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, ...records]);
}

const srv = (port: number, host: readonly string[]): Buffer => {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(port, 4);
  return Buffer.concat([head, encodeName(host)]);
};
const text = (...lines: readonly string[]): Buffer =>
  Buffer.concat(lines.map((line) => Buffer.concat([Buffer.from([line.length]), Buffer.from(line)])));
const a = (ip: string): Buffer => Buffer.from(ip.split('.').map(Number));

const local = (...labels: readonly string[]): string[] => [...labels, 'local'];
const smb = local('_smb', '_tcp');
const nfs = local('_nfs', '_tcp');
const ssh = local('_sftp-ssh', '_tcp');
const nas = local('nas');

/** What comes at once; the address of `workshop` only to those who ask for it. */
const announced = [
  answer(
    record(smb, 'PTR', encodeName(['The NAS. Of all', ...smb])),
    record(['The NAS. Of all', ...smb], 'SRV', srv(445, nas)),
    record(nas, 'A', a('10.9.8.2')),
  ),
  answer(
    record(nfs, 'PTR', encodeName(['exports', ...nfs])),
    record(['exports', ...nfs], 'SRV', srv(2049, nas)),
    record(['exports', ...nfs], 'TXT', text('path=/srv/images', 'u=nobody')),
    record(nas, 'A', a('10.9.8.2')),
  ),
  answer(
    record(ssh, 'PTR', encodeName(['workshop', ...ssh])),
    record(['workshop', ...ssh], 'SRV', srv(2222, local('workshop'))),
  ),
];

/** Lies: names that lead in circles, halves of messages, a server that is nobody, and very many of them. */
const hostile = [
  Buffer.concat([answer(), Buffer.from([0xc0, 0x0c])]),
  Buffer.from('000084000000ffff00000000c00cc00c000c000100000000ffff', 'hex'),
  answer(
    record(smb, 'PTR', encodeName(['here', ...smb])),
    record(['here', ...smb], 'SRV', srv(445, local('here'))),
    record(local('here'), 'A', a('127.0.0.1')),
  ),
  answer(
    record(nfs, 'PTR', encodeName(['liar', ...nfs])),
    record(['liar', ...nfs], 'SRV', srv(2049, nas)),
    record(['liar', ...nfs], 'TXT', text('path=/a\n/b -o exec')),
  ),
  ...Array.from({ length: 300 }, (_, i) =>
    answer(
      record(smb, 'PTR', encodeName([`zz-many-${i}`, ...smb])),
      record([`zz-many-${i}`, ...smb], 'SRV', srv(445, local(`many-${i}`))),
      record(local(`many-${i}`), 'A', a(`10.9.${i >> 8}.${i & 255}`)),
    ),
  ),
];

const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (query, { port, address: from }) => {
  const reply = (message: Buffer): void => socket.send(message, port, from);
  if (query.includes('_smb')) for (const message of [...announced, ...hostile]) reply(message);
  if (query.includes('workshop') && !query.includes('_smb'))
    reply(answer(record(local('workshop'), 'A', a('10.9.8.3'))));
});
socket.bind(5353, () => {
  socket.addMembership('224.0.0.251', address);
  console.log('ready');
});
