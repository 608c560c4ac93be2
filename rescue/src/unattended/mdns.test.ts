import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serversOf } from './find-servers.ts';
import { encodeQuery, parseRecords, type DnsRecord } from './mdns.ts';

/** An answer of a network storage, as it comes over the wire, with compressed names. */
const wire = Buffer.from(
  [
    '000084000000000100000003',
    '045f736d62045f746370056c6f63616c00', // _smb._tcp.local, at 12
    '000c0001000011940006',
    '034e4153c00c', // NAS + _smb._tcp.local, at 39
    'c0270021800100000078000c0000000001bd036e6173c016', // SRV: 445, nas.local; the name at 63
    'c0270010800100001194000100', // TXT: empty
    'c03f00018001000000780004c0a80105', // A: 192.168.1.5
  ].join(''),
  'hex',
);

test('the answer of a server is read, whose names point back', () => {
  const smb = ['_smb', '_tcp', 'local'];
  assert.deepEqual(parseRecords(wire), [
    { name: smb, type: 'PTR', target: ['NAS', ...smb] },
    { name: ['NAS', ...smb], type: 'SRV', port: 445, target: ['nas', 'local'] },
    { name: ['NAS', ...smb], type: 'TXT', texts: [''] },
    { name: ['nas', 'local'], type: 'A', address: '192.168.1.5' },
  ]);
  assert.deepEqual(serversOf(parseRecords(wire)), [
    { kind: 'smb', name: 'NAS', address: '192.168.1.5', port: 445 },
  ]);
});

test('a query asks for each name once, for an answer to the asker', () => {
  assert.equal(
    encodeQuery([['_smb', '_tcp', 'local']], 'PTR').toString('hex'),
    '000000000001000000000000045f736d62045f746370056c6f63616c00000c8001',
  );
  assert.throws(() => encodeQuery([['x'.repeat(64)]], 'A'), RangeError);
});

test('what a liar sends gives what can be read of it, and never throws', () => {
  assert.deepEqual(
    parseRecords(
      Buffer.from('000084000000000100000000c00c000c00010000000000 02c00c'.replaceAll(' ', ''), 'hex'),
    ),
    [],
  );
  assert.deepEqual(parseRecords(encodeQuery([['a', 'local']], 'A')), []);
  for (let length = 0; length < wire.length; length++) parseRecords(wire.subarray(0, length));
  let seed = 1;
  const random = (): number => (seed = (seed * 48271) % 2147483647);
  for (let round = 0; round < 20_000; round++) {
    const mutated = Buffer.from(wire);
    for (let i = random() % 6; i >= 0; i--) mutated[random() % mutated.length] = random() & 255;
    assert.ok(parseRecords(mutated).length <= 256);
  }
});

test('addresses that are no server, and paths that are no folder, are passed over', () => {
  const nfs = ['_nfs', '_tcp', 'local'];
  const server = (address: string, ...texts: readonly string[]): DnsRecord[] => [
    { name: nfs, type: 'PTR', target: ['x', ...nfs] },
    { name: ['x', ...nfs], type: 'SRV', port: 2049, target: ['h', 'local'] },
    { name: ['x', ...nfs], type: 'TXT', texts },
    { name: ['h', 'local'], type: 'A', address },
  ];
  for (const address of ['127.0.0.1', '0.0.0.0', '224.0.0.251', '255.255.255.255'])
    assert.deepEqual(serversOf(server(address)), []);
  assert.equal(serversOf(server('10.0.0.1', 'path=/ok'))[0]?.path, '/ok');
  for (const path of ['path=relative', 'path=/a\nb', `path=/${'x'.repeat(300)}`])
    assert.equal(serversOf(server('10.0.0.1', path))[0]?.path, undefined);
});
