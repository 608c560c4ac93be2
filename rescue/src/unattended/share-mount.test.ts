import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePlace, maskPlace } from './describe-place.ts';
import { fingerprintOf, knownHostsOf, parseKeyScan } from './host-key.ts';
import { placeSchema } from './place-schema.ts';
import { nfsMount, serverOf, smbCredentials, smbMount, sshMount } from './share-mount.ts';

test('an NFS share is mounted hard and its failures told apart', () => {
  const { program, args, final } = nfsMount({ nfs: 'nas:/images', options: 'vers=3,proto=tcp' }, '/m');
  assert.equal(program, 'mount');
  assert.deepEqual(args, [
    '-t',
    'nfs',
    '-o',
    'hard,retry=0,nolock,nosuid,nodev,noexec,vers=3,proto=tcp',
    '--',
    'nas:/images',
    '/m',
  ]);
  assert.match('mount.nfs: access denied by server while mounting nas:/images', final);
  assert.doesNotMatch('mount.nfs: Connection refused for nas:/images on /m', final);
  assert.doesNotMatch('mount.nfs: Connection timed out', final);
});

test('an SMB share is mounted hard, as a guest or with a file of credentials', () => {
  const guest = smbMount({ smb: '//nas/i' }, '/m', undefined);
  assert.deepEqual(guest.args, ['-t', 'cifs', '-o', 'hard,nosuid,nodev,noexec,guest', '--', '//nas/i', '/m']);
  const file = smbMount({ smb: '//nas/i', options: 'seal' }, '/m', '/run/c');
  assert.equal(file.args[3], 'hard,nosuid,nodev,noexec,credentials=/run/c,seal');
  assert.equal(
    smbCredentials({ smb: '//nas/i', username: 'u', password: 'p,q', domain: 'D' }),
    'username=u\npassword=p,q\ndomain=D\n',
  );
  assert.equal(smbCredentials({ smb: '//nas/i', username: 'u' }), 'username=u\npassword=\n');
  assert.match('mount error(13): Permission denied', guest.final);
  assert.doesNotMatch(
    'mount error(113): could not connect to 10.0.0.1Unable to find suitable address.',
    guest.final,
  );
});

test('sshfs asks nobody, believes no key that was not named, and has no password on its line', () => {
  const rule = { ssh: 'me@[fe80::1]:2222', folder: 'images', password: 'pw' };
  const { args, env } = sshMount(rule, '/m', { askPass: '/a', passwordFile: '/p' });
  assert.deepEqual(args.slice(-4), ['-p', '2222', 'me@[fe80::1]:images', '/m']);
  assert.ok(args.includes('StrictHostKeyChecking=yes'));
  assert.equal(env!['SSH_ASKPASS'], '/a');
  const key = sshMount({ ...rule, 'host-key': 'trust-on-first-use' }, '/m', { key: '/k' });
  assert.ok(key.args.includes('BatchMode=yes') && key.args.includes('StrictHostKeyChecking=accept-new'));
  assert.equal(key.env, undefined);
});

test('the server of each kind of share', () => {
  const cases: [Parameters<typeof serverOf>[0], string, number][] = [
    [{ nfs: 'nas:/a:b' }, 'nas', 2049],
    [{ nfs: '[fd00::1]:/a', options: 'port=12049' }, 'fd00::1', 12049],
    [{ nfs: 'nas:/a', options: 'mountport=1,port=99999' }, 'nas', 2049],
    [{ smb: '//10.0.0.5/a' }, '10.0.0.5', 445],
    [{ smb: '//nas/a', options: 'vers=3.0,port=1445' }, 'nas', 1445],
    [{ ssh: 'me@nas', folder: '/' }, 'nas', 22],
    [{ ssh: 'me@[fd00::1]:2222', folder: '/' }, 'fd00::1', 2222],
  ];
  for (const [rule, host, port] of cases) assert.deepEqual(serverOf(rule), { host, port });
});

test('what could become an option or a second line of a file is refused by the form', () => {
  const bad = [
    { nfs: '-oexec:/x' },
    { nfs: 'nas/x' },
    { nfs: 'nas:/x', options: 'rw,exec' },
    { nfs: 'nas:/x', options: 'soft' },
    { nfs: 'nas:/x', options: 'a b' },
    { smb: '//nas' },
    { smb: '//nas/a/b' },
    { smb: '//-nas/a' },
    { smb: '//nas/a', username: 'u\npassword=x' },
    { smb: '//nas/a', options: 'password=x' },
    { smb: '//nas/a', 'credentials-file': '/a,exec' },
    { ssh: '-oProxyCommand=x', folder: '/' },
    { ssh: 'me@-x', folder: '/' },
    { ssh: 'me@nas' },
    { ssh: 'me@nas', folder: '/', 'host-key': 'any' },
    { ssh: 'me@nas', folder: '/', 'key-file': 'relative' },
  ];
  for (const rule of bad) assert.ok(!placeSchema.safeParse(rule).success, JSON.stringify(rule));
  const good = [
    { smb: '//nas/Images of all', 'credentials-file': '/etc/x', options: 'seal,vers=3.1.1' },
    { ssh: 'nas', folder: '/x', 'host-key': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me@x' },
    { ssh: 'nas', folder: '/x', 'host-key': 'nas ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==' },
  ];
  for (const rule of good) assert.ok(placeSchema.safeParse(rule).success, JSON.stringify(rule));
});

test('a place in words and in events holds no secret', () => {
  const rules = [
    { smb: '//nas/a', folder: 'f', username: 'u', password: 'hidden' },
    { ssh: 'me@nas', folder: '/x', key: 'hidden', password: 'hidden' },
  ];
  for (const rule of rules) {
    assert.doesNotMatch(describePlace(rule), /hidden/);
    assert.doesNotMatch(JSON.stringify(maskPlace(rule)), /hidden/);
  }
  assert.equal(describePlace(rules[0]!), 'the folder f of the share //nas/a (SMB)');
});

test('keys of hosts: what a scan prints, and a line for the name that is asked for', () => {
  const base64 = 'AAAAC3NzaC1lZDI1NTE5AAAAII3siUqVXwZFNmoZuhUfHUE4WjFZ1ye3mip8Q5xW5azZ';
  const keys = parseKeyScan(`# nas:22 SSH-2.0\n[nas]:2222 ssh-ed25519 ${base64}\n\ngarbage\n`);
  assert.equal(keys.length, 1);
  assert.match(fingerprintOf(base64), /^SHA256:[A-Za-z0-9+/]{43}$/);
  const server = { host: 'nas', port: 22 };
  for (const line of [`ssh-ed25519 ${base64} me@desk`, `other ssh-ed25519 ${base64}`])
    assert.equal(knownHostsOf(server, line), `nas ssh-ed25519 ${base64}\n`);
  assert.equal(
    knownHostsOf({ ...server, port: 2222 }, `@cert-authority * ssh-rsa AAAA`),
    '@cert-authority [nas]:2222 ssh-rsa AAAA\n',
  );
});
