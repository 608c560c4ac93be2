/** What is run to mount each kind of share: pure, so that tests can see that no secret is on a command line. */
import type { NfsRule, SharePlaceRule, SmbRule, SshRule } from './place-schema.ts';
import type { Server } from './network.ts';

/** Options that every mount gets: what is on it is data, not programs. */
export const SAFE_OPTIONS = 'nosuid,nodev,noexec';

export interface ShareMount {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Failures that waiting does not heal. */
  readonly final: RegExp;
}

/** The server that a share is on; throws RangeError for a port that cannot be. */
export function serverOf(rule: SharePlaceRule): Server {
  if ('nfs' in rule) return { host: bare(/^(\[.*?\]|[^:]*):/.exec(rule.nfs)![1]!), port: portOf(rule, 2049) };
  if ('smb' in rule)
    return { host: bare(/^\/\/(\[.*?\]|[^/]*)\//.exec(rule.smb)![1]!), port: portOf(rule, 445) };
  const [, , host, port] = splitSsh(rule);
  return { host: bare(host!), port: port === undefined ? 22 : Number(port) };
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** The port that the options of `mount` name; the last one counts there too. */
function portOf({ options = '' }: NfsRule | SmbRule, usual: number): number {
  const port = Number([...options.matchAll(/(?:^|,)port=(\d+)(?=,|$)/g)].at(-1)?.[1] ?? usual);
  return port > 0 && port < 65536 ? port : usual;
}

export function nfsMount(rule: NfsRule, mountPoint: string): ShareMount {
  // Waiting between tries is ours, since it must be seen and stopped; no byte range is ever locked.
  const options = ['hard', 'retry=0', 'nolock', SAFE_OPTIONS, ...given(rule.options)].join(',');
  return {
    program: 'mount',
    args: ['-t', 'nfs', '-o', options, '--', rule.nfs, mountPoint],
    final:
      /access denied|No such file|No such device|unknown filesystem|[Ii]nvalid argument|incorrect mount option|bad option|only root|permission|not supported/i,
  };
}

/** `credentials` is the file with user and password; undefined for a guest. */
export function smbMount(rule: SmbRule, mountPoint: string, credentials: string | undefined): ShareMount {
  const who = credentials === undefined ? 'guest' : `credentials=${credentials}`;
  const options = ['hard', SAFE_OPTIONS, who, ...given(rule.options)].join(',');
  return {
    program: 'mount',
    args: ['-t', 'cifs', '-o', options, '--', rule.smb, mountPoint],
    final:
      /error\((1|2|6|13|19|22|95|126|127|128|129)\)|No such device|unknown filesystem|bad option|only root|error opening credential/i,
  };
}

/** The text of a credentials file of mount.cifs; undefined for a guest or where the rule names one. */
export function smbCredentials({ username, password = '', domain }: SmbRule): string | undefined {
  if (username === undefined) return undefined;
  // A password is always there: without one the program would ask at the terminal.
  const lines = [`username=${username}`, `password=${password}`];
  return [...lines, ...(domain === undefined ? [] : [`domain=${domain}`]), ''].join('\n');
}

/** Files that ssh reads. */
export interface SshFiles {
  readonly key?: string;
  /** Instead of the one of the system. */
  readonly knownHosts?: string;
  /** A program that prints the password in the file {@link passwordFile}. */
  readonly askPass?: string;
  readonly passwordFile?: string;
}

export function sshMount(rule: SshRule, mountPoint: string, files: SshFiles): ShareMount {
  const [, user = '', host = '', port] = splitSsh(rule);
  const { env, options } = sshOptions(rule, files);
  return {
    program: 'sshfs',
    args: [
      ...['reconnect', 'follow_symlinks', ...options, SAFE_OPTIONS].flatMap((option) => ['-o', option]),
      ...(port === undefined ? [] : ['-p', port]),
      `${user}${host}:${rule.folder}`,
      mountPoint,
    ],
    ...(env === undefined ? {} : { env }),
    final: /No such file|not a directory|not installed|device not found|permission/i,
  };
}

/** Logs in and does nothing: sshfs itself does not tell why it could not. */
export function sshLogin(rule: SshRule, files: SshFiles): ShareMount {
  const [, user = '', host = '', port] = splitSsh(rule);
  const { env, options } = sshOptions(rule, files);
  return {
    program: 'ssh',
    args: [
      ...[...options, 'LogLevel=ERROR'].flatMap((option) => ['-o', option]),
      ...(port === undefined ? [] : ['-p', port]),
      ...['-s', '--', `${user}${bare(host)}`, 'sftp'],
    ],
    ...(env === undefined ? {} : { env }),
    final:
      /Permission denied|verification failed|IDENTIFICATION HAS CHANGED|Too many auth|not installed|invalid format|Bad configuration|no mutual|no matching|unprotected|subsystem request failed/i,
  };
}

function sshOptions(
  rule: SshRule,
  { key, knownHosts, askPass, passwordFile }: SshFiles,
): { options: string[]; env: Readonly<Record<string, string>> | undefined } {
  const trusts = rule['host-key'] === 'trust-on-first-use';
  const options = [
    'ServerAliveInterval=15',
    'ServerAliveCountMax=4',
    'ConnectTimeout=20',
    `StrictHostKeyChecking=${trusts ? 'accept-new' : 'yes'}`,
    'UpdateHostKeys=no',
    ...(knownHosts === undefined
      ? []
      : [`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=/dev/null']),
    ...(key === undefined ? [] : [`IdentityFile=${key}`, 'IdentitiesOnly=yes']),
    ...(askPass === undefined ? ['BatchMode=yes'] : ['NumberOfPasswordPrompts=1']),
  ];
  if (askPass === undefined || passwordFile === undefined) return { options, env: undefined };
  const env = {
    SSH_ASKPASS: askPass,
    SSH_ASKPASS_REQUIRE: 'force',
    DISPLAY: 'none',
    PERMAFROST_PASSWORD_FILE: passwordFile,
  };
  return { options, env };
}

/** What {@link SshFiles.askPass} holds: the secret itself is in no program. */
export const ASK_PASS = '#!/bin/sh\nexec cat "$PERMAFROST_PASSWORD_FILE"\n';

/** Whole, `user@`, host (with brackets where it has them), port. */
function splitSsh({ ssh }: SshRule): (string | undefined)[] {
  const [whole, user, host, port] = /^([^@]*@)?(\[.*?\]|[^:]*)(?::(\d+))?$/.exec(ssh)!;
  return [whole, user, host, port];
}

function given(options: string | undefined): string[] {
  return options === undefined ? [] : [options];
}
