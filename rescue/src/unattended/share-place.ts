/** A place on another machine: an NFS, SMB or SSH share, mounted. */
import { readFile } from 'node:fs/promises';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprintOf, knownHostsOf, knownHostName, parseKeyScan, type OfferedKey } from './host-key.ts';
import { makePlaceFolder, type PlaceFolder } from './place-folder.ts';
import type { SharePlaceRule, SmbRule, SshRule } from './place-schema.ts';
import { asIs, type ProgramRun, say } from '../engine/index.ts';
import type { PlaceSystem } from './place-system.ts';
import type { MountedPlace, PlaceProblem } from './repository-rule.ts';
import {
  ASK_PASS,
  nfsMount,
  serverOf,
  smbCredentials,
  smbMount,
  sshLogin,
  sshMount,
  type ShareMount,
  type SshFiles,
} from './share-mount.ts';

export interface ShareOptions {
  readonly signal?: AbortSignal;
  readonly onNote?: (note: string) => void;
}

/** A server that does not answer within it is tried again, so that a person can see and stop it. */
const MOUNT_LIMIT_MS = 90_000;
const SCAN_SECONDS = 10;

/** Mounts it, or says why not. */
export async function mountShare(
  rule: SharePlaceRule,
  system: PlaceSystem,
  options: ShareOptions = {},
): Promise<MountedPlace | PlaceProblem> {
  const { signal } = options;
  const noNetwork = await system.bringUpNetwork(signal);
  if (noNetwork !== undefined)
    return { problem: say('place/unreachable', { problem: asIs(noNetwork) }), final: false };
  // Asked first, since mount programs can sit for minutes on a server that is off, and say less.
  if (!(await system.answers(serverOf(rule)))) return { problem: say('place/silent'), final: false };
  const folder = await makePlaceFolder(system.run);
  const cleanUps: (() => Promise<void>)[] = [() => folder.remove()];
  const release = async (): Promise<void> => {
    for (let next = cleanUps.shift(); next !== undefined; next = cleanUps.shift()) await next();
  };
  try {
    const mount = await commandOf(rule, folder, system, options, cleanUps);
    if ('problem' in mount) {
      await release();
      return mount;
    }
    const end = await system.run(runOf(mount), signal);
    if (end.code === 0) {
      folder.mounted();
      return { mountPoint: folder.mountPoint, release };
    }
    await release();
    return refusal(mount, end.problem, folder);
  } catch (error) {
    await release();
    throw error;
  }
}

function runOf({ program, args, env }: ShareMount): ProgramRun {
  return { program, args, limitMs: MOUNT_LIMIT_MS, ...(env === undefined ? {} : { env }) };
}

function refusal({ final }: ShareMount, said: string, { mountPoint }: PlaceFolder): PlaceProblem {
  const problem = said.replaceAll(mountPoint, '').replaceAll(/\s+/g, ' ').trim();
  return {
    problem: say('place/not-mounted', { problem: asIs(problem) }),
    final: final.test(problem) || /not installed/.test(problem),
  };
}

async function commandOf(
  rule: SharePlaceRule,
  folder: PlaceFolder,
  system: PlaceSystem,
  options: ShareOptions,
  cleanUps: (() => Promise<void>)[],
): Promise<ShareMount | PlaceProblem> {
  if ('nfs' in rule) return nfsMount(rule, folder.mountPoint);
  if ('smb' in rule) return smbMount(rule, folder.mountPoint, await credentialsFile(rule, folder));
  const files = await sshFiles(rule, folder, system, options, cleanUps);
  if ('problem' in files) return files;
  const login = sshLogin(rule, files);
  const { code, problem } = await system.run(runOf(login), options.signal);
  if (code !== 0) return refusal(login, problem, folder);
  return sshMount(rule, folder.mountPoint, files);
}

async function credentialsFile(rule: SmbRule, folder: PlaceFolder): Promise<string | undefined> {
  const text = smbCredentials(rule);
  return text === undefined ? rule['credentials-file'] : folder.write('credentials', text);
}

async function sshFiles(
  rule: SshRule,
  folder: PlaceFolder,
  system: PlaceSystem,
  options: ShareOptions,
  cleanUps: (() => Promise<void>)[],
): Promise<SshFiles | PlaceProblem> {
  const files: { -readonly [K in keyof SshFiles]: SshFiles[K] } = {};
  const key = rule.key ?? (rule['key-file'] === undefined ? undefined : await keyText(rule['key-file']));
  if (typeof key === 'object') return key;
  // A copy, since ssh refuses a key that others could read, as every file of a FAT stick can be.
  if (key !== undefined) files.key = await folder.write('key', key.endsWith('\n') ? key : `${key}\n`);
  if (rule.password !== undefined) {
    files.passwordFile = await folder.write('password', `${rule.password}\n`);
    files.askPass = await askPassProgram(folder, cleanUps);
  }
  const wanted = rule['host-key'];
  if (wanted === undefined) return files;
  if (wanted === 'trust-on-first-use') {
    const offered = await scan(rule, system, options.signal);
    if ('problem' in offered) return offered;
    options.onNote?.(
      `The key of ${rule.ssh} is trusted if it is met for the first time: ${offered.map(({ fingerprint }) => fingerprint).join(', ')}.`,
    );
    return files;
  }
  const line = wanted.startsWith('SHA256:') ? await keyWith(wanted, rule, system, options.signal) : wanted;
  if (typeof line === 'object') return line;
  files.knownHosts = await folder.write('known_hosts', knownHostsOf(serverOf(rule), line));
  return files;
}

async function keyText(path: string): Promise<string | PlaceProblem> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return {
      problem: say('place/unreachable', {
        problem: say('place/key-unreadable', { problem: asIs((error as Error).message) }),
      }),
      final: true,
    };
  }
}

/** The program that hands ssh the password; where the folder in memory runs no programs, in one that does. */
async function askPassProgram(folder: PlaceFolder, cleanUps: (() => Promise<void>)[]): Promise<string> {
  const path = await folder.write('ask-pass', ASK_PASS, true);
  const runs = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (runs) return path;
  const other = await mkdtemp(join(tmpdir(), 'permafrost-ask-pass-'));
  cleanUps.push(() => rm(other, { recursive: true, force: true }));
  await writeFile(join(other, 'ask-pass'), ASK_PASS, { mode: 0o700 });
  return join(other, 'ask-pass');
}

async function keyWith(
  fingerprint: string,
  rule: SshRule,
  system: PlaceSystem,
  signal?: AbortSignal,
): Promise<string | PlaceProblem> {
  const offered = await scan(rule, system, signal);
  if ('problem' in offered) return offered;
  const wanted = fingerprint.replace(/=+$/, '');
  const key = offered.find(({ base64 }) => fingerprintOf(base64) === wanted);
  if (key !== undefined) return `${key.type} ${key.base64}`;
  const has = offered.map((one) => `${one.fingerprint} (${one.type})`).join(', ');
  return {
    problem: say('place/other-machine', { fingerprint: wanted, list: has }),
    final: true,
  };
}

/** The keys that the server offers; they prove nothing yet. */
async function scan(
  rule: SshRule,
  system: PlaceSystem,
  signal?: AbortSignal,
): Promise<OfferedKey[] | PlaceProblem> {
  const { host, port } = serverOf(rule);
  const args = ['-T', String(SCAN_SECONDS), '-p', String(port), '--', host];
  const end = await system.run({ program: 'ssh-keyscan', args, limitMs: SCAN_SECONDS * 3000 }, signal);
  const keys = parseKeyScan(end.stdout);
  if (keys.length > 0) return keys;
  const problem = /not installed/.test(end.problem) ? asIs(end.problem) : say('place/no-key');
  return {
    problem: say('place/unreachable', {
      problem: say('about/said', { place: knownHostName({ host, port }), remark: problem }),
    }),
    final: problem === end.problem,
  };
}
