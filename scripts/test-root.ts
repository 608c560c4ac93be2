/** Becoming root for the tests that attach loop devices and mount, and saying why where that cannot be. */
import { execFile, spawnSync } from 'node:child_process';
import { access, constants } from 'node:fs/promises';

/** The command as root: itself, or under sudo with the variables that matter carried over. */
export function asRoot(command: readonly string[], env: NodeJS.ProcessEnv): string[] {
  if (process.getuid?.() === 0) return [...command];
  const kept = Object.entries(env).filter(([name]) =>
    /^(PATH|CI|TERM|LANG|TMPDIR|NODE_COMPILE_CACHE|PERMAFROST_\w+)$/.test(name),
  );
  return ['sudo', '-n', 'env', ...kept.map(([name, value]) => `${name}=${value ?? ''}`), ...command];
}

function succeeds(command: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(command[0]!, command.slice(1), { timeout: 20_000 }, (error) => resolve(error === null));
  });
}

/** Why root tests cannot run here, for the person who started them; undefined if they can. */
export async function rootObstacle(): Promise<string | undefined> {
  const how = 'make test needs root for loop devices and mounts (make test-fast does not).';
  if (process.getuid?.() !== 0 && !(await succeeds(['sudo', '-n', 'true']))) {
    // A person at a terminal can type the password; sudo remembers it for this terminal.
    const asked = process.stdin.isTTY && spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status === 0;
    if (!asked) {
      return `${how}\nYou are not root, and sudo does not work without a password here. Run \`sudo -v\` first, or run it as root.`;
    }
  }
  const find = asRoot(['/sbin/losetup', '--find'], process.env);
  if (!(await succeeds(find))) {
    return `${how}\nNo loop device can be had (\`losetup --find\` fails), even as root: in a container, start it privileged.`;
  }
  const fuse = await access('/dev/fuse', constants.F_OK).then(
    () => true,
    () => false,
  );
  if (!fuse && !(await succeeds(asRoot(['/sbin/modprobe', 'fuse'], process.env)))) {
    return `${how}\nThere is no /dev/fuse: in a container, start it with that device; else load the kernel module fuse.`;
  }
  return undefined;
}

/** Keeps sudo from asking again during a run that is longer than it remembers a password. */
export function keepSudoAlive(): void {
  if (process.getuid?.() === 0) return;
  setInterval(() => void succeeds(['sudo', '-n', '-v']), 60_000).unref();
}
