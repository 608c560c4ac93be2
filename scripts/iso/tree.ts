/** Steps that both systems made of Debian's packages go through: the one on the medium, and the one that tests install. */
import { globSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run, runUnpacked, say } from './command.ts';

/** Removes what packages bring and a system has no use for: everything below `root` that one of `globs` matches. */
export function removeMatching(root: string, globs: readonly string[]): void {
  for (const path of globSync([...globs], { cwd: root })) rmSync(join(root, path), { recursive: true });
}

/**
 * Makes a link to BusyBox of each of its applets that no package brings as a program of its own, but of `unwanted`; and
 * of `system` in usr/sbin, where the kernel and others look for them.
 */
export function linkBusybox(
  root: string,
  { unwanted = [], system }: { readonly unwanted?: readonly string[]; readonly system: readonly string[] },
): void {
  const present = new Set(['usr/bin', 'usr/sbin'].flatMap((folder) => readdirSync(join(root, folder))));
  for (const applet of run(join(root, 'usr/bin/busybox'), ['--list']).trim().split('\n'))
    if (!present.has(applet) && !unwanted.includes(applet))
      symlinkSync('busybox', join(root, 'usr/bin', applet));
  for (const name of system) symlinkSync('../bin/busybox', join(root, 'usr/sbin', name));
}

/** Makes the folders that a running system needs, `more` too, and etc/mtab. */
export function makeEmptyFolders(root: string, ...more: readonly string[]): void {
  for (const name of ['dev', 'mnt', 'proc', 'root', 'run', 'sys', 'tmp', 'var/lib', 'var/log', ...more])
    mkdirSync(join(root, name), { recursive: true });
  symlinkSync('/proc/self/mounts', join(root, 'etc/mtab'));
}

/** Every mode that a umask could have touched, as it should be; and no program takes rights: everything is root's. */
export function settleModes(root: string): void {
  run('chmod', ['-R', 'u+rwX,u-s,g-s,go=u-w', root]);
}

/** Packs `root` as the SquashFS `image`, to the same bytes each time, by the mksquashfs in `tools`. */
export function packTree(
  tools: string,
  root: string,
  image: string,
  epoch: number,
  { level, more = [] }: { readonly level: number; readonly more?: readonly string[] },
): void {
  const time = String(epoch);
  rmSync(image, { force: true });
  runUnpacked(
    tools,
    'mksquashfs',
    [
      ...[root, image, '-comp', 'zstd', '-Xcompression-level', String(level), ...more],
      ...['-all-root', '-all-time', time, '-mkfs-time', time, '-noappend', '-quiet', '-no-progress'],
    ],
    // mksquashfs refuses the variable beside its own options.
    { env: { SOURCE_DATE_EPOCH: undefined } },
  );
  say(`${basename(image)}: ${(statSync(image).size / 1e6).toFixed(1)} MB`);
}
