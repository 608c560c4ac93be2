/**
 * A folder whose operations can be made to fail, hang or dawdle, and whose every change is logged for
 * power-cut.ts. The FUSE file system behind it is faultfs/*.c, compiled on first use into rescue/test/build.
 */
import { createHash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from './command.ts';
import { until } from './patience.ts';
import { scratchFolder } from './scratch.ts';

/** What a rule can be about. `unlink` means rmdir too, `create` means every new name. */
export type FaultOperation = 'read' | 'write' | 'fsync' | 'fsyncdir' | 'create' | 'rename' | 'unlink';

const errnos = {
  EPERM: 1,
  EIO: 5,
  EACCES: 13,
  EINVAL: 22,
  ENOSPC: 28,
  EROFS: 30,
  EDQUOT: 122,
  ENOTSUP: 95,
} as const;

export interface FaultRule {
  readonly operation: FaultOperation;
  /** From the mount's root, without a leading slash; any file if left out. Follows renames of open files. */
  readonly path?: string;
  /** Half-open byte range that a read or write must touch for the rule to apply; default all. */
  readonly start?: number;
  readonly end?: number;
  /** How often it applies; for ever if left out. A request that the kernel splits counts for each part. */
  readonly times?: number;
}

export interface FaultFs {
  /** The mount: what the program under test is given. */
  readonly path: string;
  /** The folder behind it: what is there without any fault. */
  readonly backing: string;
  /** Holds operations.jsonl, data.bin and base/, the state at the start; only if asked for. */
  readonly logFolder: string | undefined;
  /** Makes matching operations fail. A failed read fails whole, though the kernel may retry it in pieces. */
  fail(errno: keyof typeof errnos, rule: FaultRule): Promise<number>;
  /** Makes matching operations wait until `remove`, or until their process is killed. */
  hang(rule: FaultRule): Promise<number>;
  /** The same, but not even SIGKILL ends a process in an O_DIRECT read before `remove`: it is stuck in a driver. */
  stick(rule: FaultRule): Promise<number>;
  delay(milliseconds: number, rule: FaultRule): Promise<number>;
  /** Takes away the rule of that number, or all rules; whatever hangs because of it goes on. */
  remove(rule?: number): Promise<void>;
  /** After so many more bytes written, writes and new names fail with ENOSPC; undefined lifts the limit. */
  limit(bytes: number | undefined): Promise<void>;
  /** Puts a line into the log: `mark('image reported done')`. At most 1000 characters. */
  mark(text: string): Promise<void>;
  /** How many log entries there are, requests that hang now, bytes written so far. */
  status(): Promise<{ operations: number; hanging: number; writtenBytes: number }>;
  /** Resolves when at least `count` requests hang. */
  hangs(count?: number): Promise<void>;
  /** Removes all rules and unmounts; the log is complete then. Rejects if a file in it is still open. */
  unmount(): Promise<void>;
}

const sourceFolder = join(import.meta.dirname, 'faultfs');
const buildFolder = join(import.meta.dirname, '..', 'build');

/** Compiles faultfs unless this very source is compiled already; safe to call from several processes at once. */
async function compile(): Promise<string> {
  const names = (await readdir(sourceFolder)).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(await readFile(join(sourceFolder, name)));
  const program = join(buildFolder, `faultfs-${hash.digest('hex').slice(0, 16)}`);
  if (await stat(program).catch(() => undefined)) return program;
  await mkdir(buildFolder, { recursive: true });
  const flags = (await run('pkg-config', ['--cflags', '--libs', 'fuse3'])).stdout.trim().split(/\s+/);
  const sources = names.filter((name) => name.endsWith('.c')).map((name) => join(sourceFolder, name));
  const partial = `${program}.${process.pid}.tmp`;
  const warnings = ['-Wall', '-Wextra', '-Werror'];
  await run('cc', ['-O2', '-std=c11', '-D_GNU_SOURCE', ...warnings, ...sources, '-o', partial, ...flags]);
  await rename(partial, program);
  return program;
}

/** Sends orders one at a time and hands back the answers. */
class Control {
  readonly #socket: Socket;
  readonly #waiting: ((answer: string) => void)[] = [];
  #received = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.unref();
    socket.on('data', (text: string) => {
      this.#received += text;
      for (let end = this.#received.indexOf('\n'); end >= 0; end = this.#received.indexOf('\n')) {
        this.#waiting.shift()?.(this.#received.slice(0, end));
        this.#received = this.#received.slice(end + 1);
      }
    });
    socket.on('close', () => {
      for (const resolve of this.#waiting.splice(0)) resolve('error faultfs is gone');
    });
    socket.on('error', () => undefined); // 'close' follows.
  }

  async send(order: string): Promise<string> {
    if (order.includes('\n')) throw new Error('an order to faultfs is one line');
    const answer = await new Promise<string>((resolve) => {
      this.#socket.ref();
      this.#waiting.push(resolve);
      if (this.#socket.destroyed) resolve('error faultfs is gone');
      else this.#socket.write(`${order}\n`);
    });
    if (this.#waiting.length === 0) this.#socket.unref();
    if (answer !== 'ok' && !answer.startsWith('ok ')) throw new Error(`faultfs: ${answer} (${order})`);
    return answer.slice(3);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Waits until faultfs listens and serves; rejects with what it said if it ends instead. */
async function connectTo(socketPath: string, child: ChildProcess, said: () => string): Promise<Control> {
  let control: Control | undefined;
  await until('faultfs listens', async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`faultfs ended: ${said()}`);
    const socket = connect(socketPath);
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (open) control = new Control(socket);
    return open;
  });
  await control!.send('status'); // Answered only once it is mounted.
  return control!;
}

const ruleText = (rule: FaultRule, value: number): string =>
  [
    rule.operation,
    value,
    rule.times ?? 0,
    rule.start ?? 0,
    rule.end ?? Number.MAX_SAFE_INTEGER,
    rule.path === undefined ? '*' : `/${rule.path}`,
  ].join(' ');

/**
 * Mounts a faultfs over `backing` (default: a new empty folder), for the time of the test. With `log` every
 * change is logged, and the state at the start is copied. Needs /dev/fuse, cc and libfuse3.
 */
export async function mountFaultFs(
  t: TestContext,
  options: { readonly backing?: string; readonly log?: boolean } = {},
): Promise<FaultFs> {
  const program = await compile();
  let unmount: (lazily: boolean) => Promise<void> = () => Promise.resolve();
  t.after(() => unmount(true)); // Before the folder's own hook: hooks run in the order they were set.
  const folder = await scratchFolder(t, 'faultfs');
  const backing = options.backing ?? join(folder, 'backing');
  const path = join(folder, 'mount');
  await mkdir(backing, { recursive: true });
  await mkdir(path);
  const logFolder = options.log === true ? join(folder, 'log') : undefined;
  if (logFolder !== undefined) {
    await mkdir(logFolder);
    await run('cp', ['-a', '--sparse=always', backing, join(logFolder, 'base')]);
  }
  const socketFolder = await mkdtemp(join(tmpdir(), 'faultfs-')); // Short: a socket's path has 107 characters at most.
  const socketPath = join(socketFolder, 'control');
  const child = spawn(program, [backing, path, socketPath, ...(logFolder === undefined ? [] : [logFolder])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'exit');
  child.unref();
  const control = await connectTo(socketPath, child, () => said).finally(() =>
    rm(socketFolder, { recursive: true, force: true }),
  );
  unmount = async (lazily) => {
    unmount = () => Promise.resolve();
    await control.send('remove 0');
    const { code, stderr } = await run('fusermount3', [lazily ? '-uz' : '-u', path], { accept: [0, 1] });
    control.close(); // Now at the latest faultfs ends, and takes the mount with it.
    await ended;
    if (code !== 0) throw new Error(`cannot unmount ${path}: ${stderr}`);
  };

  const status: FaultFs['status'] = async () => {
    const [operations = NaN, hanging = NaN, writtenBytes = NaN] = (await control.send('status'))
      .split(' ')
      .map(Number);
    return { operations, hanging, writtenBytes };
  };
  const add = async (order: string): Promise<number> => Number(await control.send(order));
  return {
    path,
    backing,
    logFolder,
    fail: (errno, rule) => add(`fail ${ruleText(rule, errnos[errno])}`),
    hang: (rule) => add(`hang ${ruleText(rule, 0)}`),
    stick: (rule) => add(`stuck ${ruleText(rule, 0)}`),
    delay: (milliseconds, rule) => add(`delay ${ruleText(rule, milliseconds)}`),
    remove: async (rule = 0) => {
      await control.send(`remove ${rule}`);
    },
    limit: async (bytes = -1) => {
      await control.send(`limit ${bytes}`);
    },
    mark: async (text) => {
      await control.send(`mark ${text}`);
    },
    status,
    hangs: (count = 1) => until(`${count} requests hang`, async () => (await status()).hanging >= count),
    unmount: () => unmount(false),
  };
}
