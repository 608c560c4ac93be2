/** Which key a server must prove to have, as a file of known hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
import { createHash } from 'node:crypto';
import type { Server } from './network.ts';

/** Keys that a server offers, as `ssh-keyscan` prints them: `host type base64`. */
export interface OfferedKey {
  readonly type: string;
  readonly base64: string;
  /** `SHA256:…` as ssh shows it. */
  readonly fingerprint: string;
}

export function parseKeyScan(text: string): OfferedKey[] {
  return text.split('\n').flatMap((line) => {
    const [name, type, base64] = line.trim().split(/\s+/);
    if (name === undefined || name.startsWith('#') || type === undefined || base64 === undefined) return [];
    return [{ type, base64, fingerprint: fingerprintOf(base64) }];
  });
}

export function fingerprintOf(base64: string): string {
  const digest = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}

/** The name under which ssh looks a server up. */
export function knownHostName({ host, port }: Server): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** A file of known hosts with this one key; `key` is `type base64 …`, or a whole line of such a file. */
export function knownHostsOf(server: Server, key: string): string {
  const words = key.trim().split(/\s+/);
  const at = words.findIndex((word) => /^(ssh-|ecdsa-|sk-)/.test(word));
  if (at < 0) return `${key.trim()}\n`;
  // Under the name that is asked for, whatever name the line was written for; markers stay.
  const marker = words[0]!.startsWith('@') ? [words[0]!] : [];
  return `${[...marker, knownHostName(server), words[at]!, words[at + 1] ?? ''].join(' ')}\n`;
}
