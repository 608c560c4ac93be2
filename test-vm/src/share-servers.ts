/**
 * File servers of this host, for guests: what a guest's 10.0.2.2 is, is this machine's loopback. Each serves one folder,
 * can be stopped as if its plug was pulled and started again, and is gone after the scenario. They need root, since each
 * becomes the user that a client says it is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool } from './tool.ts';
import { limitMs } from './watch.ts';

export interface ShareServer {
  /** Lines of a job file's `repository`. */
  readonly rule: string;
  /** What it serves. */
  readonly folder: string;
  /** Resolves when it answers. */
  readonly start: () => Promise<void>;
  /** Without a word to its clients. */
  readonly pullPlug: () => Promise<void>;
}

/** The host as its guests see it. */
const HOST = '10.0.2.2';

interface Program {
  readonly command: readonly string[];
  readonly port: number;
}

function server(rule: string, folder: string, { command, port }: Program): ShareServer {
  let process: ChildProcess | undefined;
  const ended = (): boolean => process?.exitCode !== null || process.signalCode !== null;
  return {
    rule,
    folder,
    async start() {
      let said = '';
      // The kernel ends it when we die, however we die; its children end with it.
      process = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [process.stdout!, process.stderr!])
        stream.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4096)));
      const deadline = performance.now() + limitMs(60);
      while (!(await answers(port))) {
        if (ended() || performance.now() > deadline)
          throw new Error(`${command[0]!} does not serve at port ${port}: ${said}`);
        await sleep(100);
      }
    },
    async pullPlug() {
      if (process === undefined || ended()) return;
      const gone = new Promise((resolve) => process!.once('exit', resolve));
      process.kill('SIGKILL');
      await gone;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

/** Samba, with one user of its own. `folder` must exist and be empty. */
export async function smbServer(folder: string, port: number): Promise<ShareServer> {
  const [served, own] = [join(folder, 'served'), join(folder, 'samba')];
  for (const path of [served, own]) await mkdir(path);
  await chmod(own, 0o700);
  const config = join(own, 'smb.conf');
  await writeFile(
    config,
    `[global]
server role = standalone server
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = ${port}
passdb backend = tdbsam:${own}/passwords.tdb
private dir = ${own}
lock directory = ${own}
state directory = ${own}
cache directory = ${own}
pid directory = ${own}
ncalrpc dir = ${own}/rpc
log file = ${own}/log
disable spoolss = yes
load printers = no
[images]
path = ${served}
read only = no
valid users = nobody
force user = root
`,
  );
  const password = 'two words, "quoted"';
  await runTool('smbpasswd', ['-c', config, '-s', '-a', 'nobody'], `${password}\n${password}\n`);
  const rule = `{ smb: //${HOST}/images, folder: stored, username: nobody, password: '${password}', options: 'port=${port}' }`;
  const command = ['smbd', '--foreground', '--no-process-group', '--debug-stdout', '-s', config];
  return server(rule, served, { command, port });
}

/**
 * NFS 4.1, by a server that is a program like others. `folder` must exist and be empty. Not 4.2: the server of Debian 12
 * answers READ_PLUS with other bytes than the file has, which an image run notices when it reads its first file back.
 */
export async function nfsServer(folder: string, port: number): Promise<ShareServer> {
  const [served, own] = [join(folder, 'served'), join(folder, 'nfs')];
  for (const path of [served, own]) await mkdir(path);
  const config = join(own, 'ganesha.conf');
  await writeFile(
    config,
    `NFS_CORE_PARAM { Protocols = 4; NFS_Port = ${port}; Bind_addr = 127.0.0.1; Enable_NLM = false; Enable_RQUOTA = false; }
NFSv4 { Minor_Versions = 1; Grace_Period = 5; Lease_Lifetime = 5; RecoveryRoot = ${own}; }
EXPORT {
  Export_Id = 1; Path = ${served}; Pseudo = /images; Protocols = 4; Transports = TCP; SecType = sys;
  Access_Type = RW; Squash = None;
  FSAL { Name = VFS; }
}
`,
  );
  const rule = `{ nfs: '${HOST}:/images', folder: stored, options: 'port=${port}' }`;
  const command = [
    ...['ganesha.nfsd', '-F', '-f', config, '-L', join(own, 'log'), '-p', join(own, 'pid')],
    ...['-N', 'NIV_EVENT'],
  ];
  return server(rule, served, { command, port });
}
