/**
 * Mounts an NTFS or exFAT image through FUSE for the time of one action. The kernel needs no driver of its own
 * for it; an ordinary user needs sudo only where FUSE refuses.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, realpath, rmdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, type CommandResult } from './command.ts';
import { limitMs } from './patience.ts';

const isRoot = process.getuid?.() === 0;
/** Where nobody can type a password, sudo must not wait for one. */
const sudo = process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];

function mountCommand(kind: 'ntfs' | 'exfat', image: string, folder: string, options: string[]): string[] {
  // Both stay in the foreground: their end, not the unmount, says that all is written to the image.
  if (kind === 'ntfs') return ['ntfs-3g', '-o', ['no_detach', ...options].join(','), image, folder];
  return [
    'mount.exfat-fuse',
    '-d',
    ...(options.length === 0 ? [] : ['-o', options.join(',')]),
    image,
    folder,
  ];
}

async function isMounted(folder: string): Promise<boolean> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${folder} `);
}

/** Starts the FUSE program and waits for its mount; what it said if it ended without one. */
async function start(command: readonly string[], folder: string): Promise<ChildProcess | string> {
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['inherit', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  for (const end = performance.now() + limitMs(60); performance.now() < end;) {
    if (child.exitCode !== null || child.signalCode !== null) return said;
    if (await isMounted(folder)) return child;
    await sleep(50);
  }
  child.kill();
  return `${command.join(' ')}: no mount in time`;
}

/** A command that runs as root, whoever we are. */
function runAsRoot(...command: readonly string[]): Promise<CommandResult> {
  const [program = '', ...rest] = isRoot ? command : [...sudo, ...command];
  return run(program, rest);
}

/** What to give to the FUSE program run by root: exfat-fuse then insists on a block device. */
async function sourceForRoot(kind: 'ntfs' | 'exfat', image: string, readOnly: boolean): Promise<string> {
  if (kind === 'ntfs') return image;
  const { stdout } = await runAsRoot(
    'losetup',
    '--find',
    '--show',
    ...(readOnly ? ['--read-only'] : []),
    image,
  );
  return stdout.trim();
}

/** Mounts `image` on `folder` (created, removed again), lets `act` work in it, unmounts it. */
export async function withMounted<T>(
  kind: 'ntfs' | 'exfat',
  image: string,
  folder: string,
  readOnly: boolean,
  act: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(folder);
  const mountPoint = await realpath(folder);
  const access = readOnly ? ['ro'] : [];
  let source = image;
  let child: ChildProcess | string = 'not tried';
  if (!isRoot) child = await start(mountCommand(kind, image, mountPoint, access), mountPoint);
  const asRoot = typeof child === 'string';
  if (asRoot) {
    source = await sourceForRoot(kind, image, readOnly);
    const mine = isRoot
      ? []
      : ['allow_other', `uid=${process.getuid?.() ?? 0}`, `gid=${process.getgid?.() ?? 0}`];
    const command = mountCommand(kind, source, mountPoint, [...access, ...mine]);
    child = await start(isRoot ? command : [...sudo, ...command], mountPoint);
    // Detached now, the loop device goes with the mount, even if nobody is left to see to it.
    if (source !== image) await runAsRoot('losetup', '--detach', source);
  }
  try {
    if (typeof child === 'string') throw new Error(`cannot mount ${image}: ${child}`);
    const mounted = child;
    const ended = once(mounted, 'exit');
    const unmount = (): Promise<CommandResult> =>
      asRoot ? runAsRoot('umount', mountPoint) : run('fusermount3', ['-u', mountPoint]);
    try {
      return await act(mountPoint);
    } finally {
      // Something may still be looking at the new mount: a second try is due. The last resort is its own exit.
      await unmount().catch(() =>
        sleep(1000)
          .then(unmount)
          .catch(() => mounted.kill('SIGTERM')),
      );
      await ended;
    }
  } finally {
    await rmdir(mountPoint);
  }
}
