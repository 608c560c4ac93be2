/** KVM where it works, TCG elsewhere. A /dev/kvm that can be opened may still hang every guest, so it has to prove itself. */
import { spawn } from 'node:child_process';
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildFolder } from './places.ts';

export type Accelerator = 'kvm' | 'tcg';

/** A boot sector that leaves by QEMU's debug port: mov al,16; out 0xf4,al; hlt; jmp. */
const code = [0xb0, 0x10, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd];
const expectedExit = (0x10 << 1) | 1;
const limitMs = 5000;

let chosen: Promise<Accelerator> | undefined;

/** `PERMAFROST_ACCELERATOR` (kvm or tcg) decides; else KVM is tried once for each boot of this machine. */
export function accelerator(): Promise<Accelerator> {
  chosen ??= choose();
  return chosen;
}

async function choose(): Promise<Accelerator> {
  const asked = process.env['PERMAFROST_ACCELERATOR'];
  if (asked === 'kvm' || asked === 'tcg') return asked;
  if (asked !== undefined && asked !== '') {
    throw new Error(`PERMAFROST_ACCELERATOR is kvm or tcg, not ${asked}`);
  }
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return 'tcg';
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const memory = join(buildFolder, `kvm-probe-${boot}`);
  const known = await readFile(memory, 'utf8').catch(() => '');
  if (known === 'kvm' || known === 'tcg') return known;
  const found = (await kvmRunsAGuest()) ? 'kvm' : 'tcg';
  await writeFile(memory, found);
  return found;
}

/** Whether a guest of seven bytes of code runs to its end under KVM in time. */
async function kvmRunsAGuest(): Promise<boolean> {
  await mkdir(buildFolder, { recursive: true });
  const sector = Buffer.alloc(512);
  sector.set(code);
  sector.set([0x55, 0xaa], 510);
  const path = join(buildFolder, 'kvm-probe.img');
  await writeFile(path, sector);
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'kvm', '-m', '16', '-nodefaults', '-display', 'none', '-no-reboot'],
      ...['-device', 'isa-debug-exit,iobase=0xf4', '-drive', `file=${path},format=raw,if=ide,snapshot=on`],
    ],
    { stdio: 'ignore' },
  );
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  clearTimeout(timer);
  return exitCode === expectedExit;
}
