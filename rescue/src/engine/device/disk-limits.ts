/**
 * What a disk hides or is about to lose: sectors behind a host protected area or a device configuration overlay
 * (ACS-2, 4.10 and 7.9), capacity in no NVMe namespace (NVM Express 2.0, TNVMCAP and UNVMCAP), a switch that makes it
 * read-only, and what it says of its own health. Asked with hdparm, nvme and smartctl, which may be missing, say
 * nonsense or hang: then nothing is known, and nothing is said. Nothing is ever changed.
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { nodeByNumber, wholeDisk } from './block-node.ts';
import { readDisk, type Disk } from './disks.ts';
import type { DiskIdentity } from './identity.ts';
import { runProgram, type RunProgram } from './run-program.ts';
import { liveSystem, readNumber, type System } from './system.ts';
import { type Said, say } from '../base/remarks.ts';

/** One thing to know before a disk is trusted; sizes in bytes. */
export type DiskLimit =
  | {
      /** `hpa`: a host protected area, `dco`: a device configuration overlay, `namespace`: no namespace has it. */
      readonly kind: 'hpa' | 'dco' | 'namespace';
      /** What cannot be read or written, and how much there would be with it. */
      readonly hiddenBytes: number;
      readonly wholeBytes: number;
    }
  /** For good, not by the protection of the rescue environment. */
  | { readonly kind: 'read-only' }
  /** By its own account (SMART). */
  | { readonly kind: 'failing' };

type FoundDisk = Pick<Disk, 'path' | 'bus' | 'isVirtual' | 'sizeBytes' | 'sectorSize' | 'readOnly'>;

interface Asking {
  readonly run?: RunProgram;
  readonly system?: System;
  readonly signal?: AbortSignal;
}

/** A disk that dies answers late or never. */
const LIMIT_MS = 5000;
/** Namespaces are cut in steps, and a disk keeps some for itself: less than this is nobody's hidden data. */
const LEAST_HIDDEN_BYTES = 2 ** 30;
const LEAST_HIDDEN_SHARE = 0.02;
/** Bit of NVMe's critical warning: too hot, which passes. */
const TOO_HOT = 2;

/** What is known to be the matter with `disk`; empty where nothing is, or nobody can tell. Throws `job/cancelled`. */
export async function readDiskLimits(disk: FoundDisk, asking: Asking = {}): Promise<DiskLimit[]> {
  if (disk.isVirtual) return [];
  const [hidden, failing] = await Promise.all([hiddenLimits(disk, asking), isFailing(disk, asking)]);
  return [
    ...(failing ? [{ kind: 'failing' } as const] : []),
    ...hidden,
    ...(disk.readOnly ? [{ kind: 'read-only' } as const] : []),
  ];
}

/** As {@link readDiskLimits}, of the disk that an open device is or is a part of; none of files. */
export async function limitsOf(identity: DiskIdentity, asking: Asking = {}): Promise<DiskLimit[]> {
  const { system = liveSystem } = asking;
  if (identity.deviceNumber === undefined) return [];
  const node = await nodeByNumber(system, identity.deviceNumber);
  if (node === undefined) return [];
  return readDiskLimits(await readDisk(system, await wholeDisk(system, node)), asking);
}

/** For people, as a full sentence with what to do. */
export function describeLimit(limit: DiskLimit): Said {
  return 'hiddenBytes' in limit ? say(`limit/${limit.kind}`, limit) : say(`limit/${limit.kind}`);
}

async function hiddenLimits(disk: FoundDisk, asking: Asking): Promise<DiskLimit[]> {
  // Bridges that do not know ATA commands can lose the disk over one: only where the kernel speaks ATA itself.
  if (disk.bus === 'sata') return ataLimits(disk, asking);
  if (disk.bus === 'nvme') return nvmeLimits(disk, asking);
  return [];
}

async function ataLimits({ path, sectorSize, sizeBytes }: FoundDisk, asking: Asking): Promise<DiskLimit[]> {
  const shown =
    /max sectors\s*=\s*(\d+)\/(\d+)\b[^,\n]*, (?:HPA is|ACCESSIBLE MAX ADDRESS) (en|dis)abled/.exec(
      await ask(asking, 'hdparm', ['-N', path]),
    );
  if (shown === null) return [];
  const [visible, native] = [bytes(shown[1]!, sectorSize), bytes(shown[2]!, sectorSize)];
  // The kernel knows how large the disk is; a bridge or driver that says otherwise is not to be believed.
  if (visible !== sizeBytes || native === undefined || native < visible) return [];
  const limits: DiskLimit[] = [];
  if (shown[3] === 'en' && native > visible)
    limits.push({ kind: 'hpa', hiddenBytes: native - visible, wholeBytes: native });
  const overlay = await ask(asking, 'hdparm', ['--dco-identify', path]);
  const real = /DCO Checksum verified[^]*Real max sectors:\s*(\d+)/.exec(overlay)?.[1];
  const whole = real === undefined ? undefined : bytes(real, sectorSize);
  if (whole !== undefined && whole > native)
    limits.push({ kind: 'dco', hiddenBytes: whole - native, wholeBytes: whole });
  return limits;
}

async function nvmeLimits({ path }: FoundDisk, asking: Asking): Promise<DiskLimit[]> {
  const { system = liveSystem } = asking;
  const controller = /^nvme\d+/.exec(basename(path))?.[0];
  if (controller === undefined) return [];
  const known = await readJson(asking, 'nvme', ['id-ctrl', '-o', 'json', join(dirname(path), controller)]);
  const [wholeBytes, freeBytes] = [count(known['tnvmcap']), count(known['unvmcap']) ?? 0];
  // Older disks leave it out as zero.
  if (wholeBytes === undefined || wholeBytes === 0 || freeBytes > wholeBytes) return [];
  const visible = await namespaceBytes(system, controller);
  const hiddenBytes = Math.max(freeBytes, wholeBytes - visible);
  const least = Math.max(LEAST_HIDDEN_BYTES, freeBytes === hiddenBytes ? 0 : wholeBytes * LEAST_HIDDEN_SHARE);
  return hiddenBytes < least || visible === 0 ? [] : [{ kind: 'namespace', hiddenBytes, wholeBytes }];
}

/** Of all namespaces of the controller that the kernel has. */
async function namespaceBytes(system: System, controller: string): Promise<number> {
  const folder = join(system.sysRoot, 'block');
  const names = await readdir(folder).catch((): string[] => []);
  const own = names.filter((name) => name.startsWith(`${controller}n`));
  const sizes = await Promise.all(own.map((name) => readNumber(join(folder, name, 'size'))));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0) * 512, 0);
}

/** smartctl asks a bridge only where it knows how, and a disk that sleeps not at all. */
async function isFailing({ path }: FoundDisk, asking: Asking): Promise<boolean> {
  const said = await readJson(asking, 'smartctl', ['--nocheck=standby,0', '--health', '--json', path]);
  const status = object(said['smart_status']);
  if (status['passed'] !== false) return false;
  return count(object(status['nvme'])['value']) !== TOO_HOT;
}

async function readJson(
  asking: Asking,
  program: string,
  args: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return object(JSON.parse(await ask(asking, program, args)));
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** What `program` printed, whatever its end; nothing where it is missing or hangs. */
async function ask(
  { run = runProgram, signal }: Asking,
  program: string,
  args: readonly string[],
): Promise<string> {
  return (await run({ program, args, limitMs: LIMIT_MS }, signal)).stdout;
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A number of bytes as nvme and smartctl print it: some versions as text, where 128 bits are meant. */
function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function bytes(sectors: string, sectorSize: number): number | undefined {
  return count(Number(sectors) * sectorSize);
}
