/** The image as it would be with nothing but its program: what a boot can be compared with, on any machine. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../iso/command.ts';
import { archiveTree } from '../iso/cpio.ts';

const INIT = join(import.meta.dirname, '../../buildroot-overlay/initramfs/init');
const LAST = 'exec switch_root /newroot /usr/lib/permafrost/init';
const PROGRAM =
  '/usr/bin/permafrost --version >/dev/null && read -r uptime _ </proc/uptime && ' +
  'echo "permafrost: ready uptime=$uptime program alone" >/dev/ttyS0; sleep 1000';

/**
 * Writes to `output` a copy of `iso` that starts the program in place of the system: after the root is in place it says
 * its version, and no driver is loaded that the medium does not need. Throws where `iso` is not the image of this tree.
 */
export function makeBareIso(iso: string, output: string): void {
  const work = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-bare-'));
  try {
    const init = readFileSync(INIT, 'utf8');
    if (!init.includes(LAST)) throw new Error(`${INIT} no longer ends with: ${LAST}`);
    mkdirSync(join(work, 'tree'));
    writeFileSync(
      join(work, 'tree/init'),
      init.replace(LAST, `exec switch_root /newroot /bin/sh -c '${PROGRAM}'`),
    );
    chmodSync(join(work, 'tree/init'), 0o755);
    const initrd = join(work, 'initrd');
    run('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/boot/initrd', initrd]);
    chmodSync(initrd, 0o644);
    // The kernel unpacks one archive after the other, each on a multiple of four bytes; the last /init counts.
    truncateSync(initrd, Math.ceil(statSync(initrd).size / 4) * 4);
    appendFileSync(initrd, archiveTree(join(work, 'tree'), 0));
    rmSync(output, { force: true });
    const change = ['-boot_image', 'any', 'replay', '-map', initrd, '/boot/initrd'];
    run('xorriso', ['-indev', iso, '-outdev', output, ...change, '-commit']);
  } finally {
    rmSync(work, { recursive: true });
  }
}
