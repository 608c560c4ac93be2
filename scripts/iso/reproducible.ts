/**
 * Builds the image again, in a folder of another name and depth, under another umask, time zone and locale, on one
 * processor, and fails unless the ISO is the same as the one that is there, byte for byte. Usage:
 * node scripts/iso/reproducible.ts [--base BASE] [--cache DIR] [--work DIR --output FILE: the first build, which is
 * made if absent]. Where they differ it says in which part, and what diffoscope says of that, if there is one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from './command.ts';
import { readFolders } from './folders.ts';

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

/** The first processor that this process may use; in a container it need not be 0. */
function firstProcessor(): string {
  return /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
}

function build(
  cache: string,
  work: string,
  output: string,
  umask: string,
  env: Readonly<Record<string, string>>,
  wrapper: readonly string[] = [],
): void {
  const script = 'umask "$1"; shift; exec "$@"';
  const command = [...wrapper, process.execPath, join(import.meta.dirname, 'build.ts')];
  const folders = ['--base', first.base, '--work', work, '--cache', cache, '--output', output];
  const { status } = spawnSync('bash', ['-c', script, 'build', umask, ...command, ...folders], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`the build in ${work} failed`);
}

/** Says which of the parts differ, so that the reader need not unpack two ISOs to find out. */
function sayDifferences(one: string, two: string): void {
  let shown = false;
  for (const name of [
    ...(first.base === 'buildroot'
      ? ['buildroot/output/images/bzImage', 'buildroot/output/images/rootfs.tar']
      : []),
    'root.squashfs',
    'initrd',
    'efi.img',
    'medium/boot/grub/eltorito.img',
    'packages.json',
  ]) {
    const paths = [join(one, name), join(two, name)] as const;
    if (!paths.every(existsSync)) continue;
    const same = spawnSync('cmp', ['-s', ...paths]).status === 0;
    say(`${name} ${same ? 'is the same' : 'DIFFERS'}`);
    if (same || shown) continue;
    shown = true;
    const { error } = spawnSync('diffoscope', ['--max-report-size', '20000', ...paths], { stdio: 'inherit' });
    if (error !== undefined) say('diffoscope, if it were installed, would say where');
  }
}

const first = readFolders();
const scratch = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-reproducible-'));
try {
  if (!existsSync(first.output)) build(first.cache, first.work, first.output, '022', {});
  const work = join(scratch, 'a-longer-name/with more/work');
  const output = join(scratch, 'again.iso');
  // One processor: what is packed in parallel must not depend on who is ready first.
  const oneProcessor = ['taskset', '--cpu-list', firstProcessor()];
  build(first.cache, work, output, '077', { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' }, oneProcessor);
  const [here, there] = [await digest(first.output), await digest(output)];
  say(`there was:   ${here}`);
  say(`built again: ${there}`);
  if (here === there) say('both ISOs are the same');
  else {
    sayDifferences(first.work, work);
    say('the ISOs differ');
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
