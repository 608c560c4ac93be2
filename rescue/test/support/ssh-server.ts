/**
 * An SSH server in a network namespace of its own: another machine, as far as this one can tell. It knows one user,
 * root, by a key or a password, and is gone after the test.
 */
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from './command.ts';
import { until } from './patience.ts';

export interface SshServer {
  /** `root@ADDRESS:PORT`. */
  readonly destination: string;
  /** What it serves; on this machine's own disk. */
  readonly folder: string;
  readonly keyFile: string;
  readonly password: string;
  /** `SHA256:…` of its host key. */
  readonly fingerprint: string;
  /** The host key as a `.pub` file has it. */
  readonly hostKey: string;
  /** Pulls the cable, or puts it in again. */
  readonly cable: (state: 'up' | 'down') => Promise<void>;
}

const PORT = 2222;

export async function startSshServer(t: TestContext, folder: string): Promise<SshServer> {
  const name = `pf${process.pid}`;
  const net = `10.${(process.pid >> 8) % 200}.${process.pid % 250}`;
  const inside = ['netns', 'exec', name];
  await run('ip', ['netns', 'add', name]);
  t.after(() => run('ip', ['netns', 'delete', name]));
  await run('ip', ['link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', `${name}b`, 'netns', name]);
  t.after(() => run('ip', ['link', 'delete', `${name}a`]));
  await run('ip', ['address', 'add', `${net}.1/24`, 'dev', `${name}a`]);
  await run('ip', ['link', 'set', `${name}a`, 'up']);
  await run('ip', [...inside, 'ip', 'address', 'add', `${net}.2/24`, 'dev', `${name}b`]);
  await run('ip', [...inside, 'ip', 'link', 'set', `${name}b`, 'up']);

  const at = (file: string): string => join(folder, file);
  const served = at('served');
  await mkdir(served);
  for (const key of ['host-key', 'user-key'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', at(key)]);
  await copyFile(at('user-key.pub'), at('authorized'));
  const password = `not 'a, "word"`;
  const { stdout: hash } = await run('openssl', ['passwd', '-6', '-stdin'], { input: password });
  await writeFile(at('shadow'), `root:${hash.trim()}:20000:0:99999:7:::\n`, { mode: 0o600 });
  const config = [
    `HostKey ${at('host-key')}`,
    `AuthorizedKeysFile ${at('authorized')}`,
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication yes',
    'UsePAM no',
    'Subsystem sftp internal-sftp',
    `PidFile ${at('pid')}`,
  ];
  await writeFile(at('config'), `${config.join('\n')}\n`);
  await mkdir('/run/sshd', { recursive: true });
  // `ip netns exec` gives it a mount namespace too: the machine's own passwords stay what they are.
  const script =
    'mount --bind "$1/shadow" /etc/shadow && exec /usr/sbin/sshd -D -E "$1/log" -p "$2" -f "$1/config"';
  const server = spawn('ip', [...inside, 'sh', '-c', script, 'sh', folder, String(PORT)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  t.after(() => process.kill(-server.pid!, 'SIGKILL'));
  const address = `${net}.2`;
  await until('the SSH server answers', () => answers(address));
  const hostKey = (await readFile(at('host-key.pub'), 'utf8')).trim();
  const { stdout } = await run('ssh-keygen', ['-lf', at('host-key.pub')]);
  return {
    destination: `root@${address}:${PORT}`,
    folder: served,
    keyFile: at('user-key'),
    password,
    fingerprint: stdout.split(' ')[1]!,
    hostKey,
    cable: async (state) => {
      // At the far end: the way there must stay known, or another way out would be taken.
      await run('ip', [...inside, 'ip', 'link', 'set', `${name}b`, state]);
    },
  };
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: PORT, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
