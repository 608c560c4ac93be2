/**
 * Builds the image twice, in folders of different names and depths, under different umasks, time zones and locales,
 * and fails unless both ISOs are the same, byte for byte. Usage: node scripts/iso/reproducible.ts [--cache DIR]
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, say } from './command.ts';
import { readFolders } from './folders.ts';

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

function build(cache: string, work: string, umask: string, env: Readonly<Record<string, string>>): string {
  const output = join(work, 'permafrost.iso');
  const script = 'umask "$1"; shift; exec "$@"';
  const command = [process.execPath, join(import.meta.dirname, 'build.ts')];
  const folders = ['--work', join(work, 'work'), '--cache', cache, '--output', output];
  const { status } = spawnSync('bash', ['-c', script, 'build', umask, ...command, ...folders], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`the build in ${work} failed`);
  return output;
}

/** Says which of the parts differ, so that the reader need not unpack two ISOs to find out. */
function sayDifferences(one: string, two: string): void {
  for (const name of [
    'root.squashfs',
    'initrd',
    'efi.img',
    'medium/boot/grub/eltorito.img',
    'packages.json',
  ]) {
    const paths = [join(one, 'work', name), join(two, 'work', name)] as const;
    if (!paths.every(existsSync)) continue;
    const same = spawnSync('cmp', ['-s', ...paths]).status === 0;
    say(`${name} ${same ? 'is the same' : 'DIFFERS'}`);
  }
}

const { cache } = readFolders();
const scratch = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-reproducible-'));
try {
  const one = join(scratch, 'one');
  const two = join(scratch, 'a-longer-name/two');
  run('mkdir', ['-p', one, two]);
  const first = await digest(build(cache, one, '022', { TZ: 'UTC', LC_ALL: 'C' }));
  const second = await digest(build(cache, two, '077', { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' }));
  say(`first build:  ${first}`);
  say(`second build: ${second}`);
  if (first === second) say('both ISOs are the same');
  else {
    sayDifferences(one, two);
    say('the ISOs differ');
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
