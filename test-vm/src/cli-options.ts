/** The command line of `permafrost-vm`. */
import { parseArgs } from 'node:util';
import { buses, type Bus, type Disk } from './disks.ts';
import { firmwares, type Firmware } from './firmware.ts';

export const usage = `permafrost-vm: starts the bootable image in QEMU, hands it a job file, and tells what becomes of it

  permafrost-vm --job FILE [--iso FILE] [--disk FILE[,OPTION=VALUE...]]... [OPTION...]

  --job FILE           the job file (docs/unattended.md)
  --iso FILE           the image; default dist/permafrost.iso
  --disk FILE[,...]    a file that is a disk, as often as there are disks; its options:
                         serial=TEXT     its serial number; default DISK1, DISK2, ...
                         bus=BUS         ahci (default), nvme, virtio, scsi, usb
                         format=FORMAT   raw (default), qcow2
                         sector-size=N   512 (default), 4096
                         read-only=yes   refuse every write to it
  --firmware NAME      bios (default), uefi, secure-boot
  --medium NAME        start from a cd (default) or from a usb stick
  --memory SIZE        as 512M or 2G; default 1G
  --network            a network card, with QEMU's own network behind it
  --timeout SECONDS    cut the power when it takes longer; default 3600
  --screenshot FILE    a picture of the screen at the end, as PNG
  --serial-log FILE    what the first serial port said
  --json               print the job's events as they come, one JSON line each

Exit code: that of the job (0 done, 3 done with gaps, 4 does not verify, 1 failed, 130 stopped); 2 where the command
line, a file that it names or the job file is wrong, and 125 where the machine did not get as far as a result.
`;

export interface CliOptions {
  readonly jobPath: string;
  readonly iso?: string;
  readonly disks: readonly Disk[];
  readonly firmware: Firmware;
  readonly medium: 'cd' | 'usb';
  readonly memoryMB: number;
  readonly network: 'none' | 'user';
  readonly timeoutSeconds: number;
  readonly screenshot?: string;
  readonly serialLog?: string;
  readonly json: boolean;
}

/** What is wrong with a command line, for people. */
export class UsageError extends Error {}

/** Resolves to undefined where help was asked for; throws {@link UsageError}. */
export function parseCommandLine(args: readonly string[]): CliOptions | undefined {
  const values = parseWords(args);
  if (values.help === true) return undefined;
  if (values.job === undefined) throw new UsageError('--job says which job file is to be done');
  return {
    jobPath: values.job,
    ...(values.iso === undefined ? {} : { iso: values.iso }),
    disks: (values.disk ?? []).map(parseDisk),
    firmware: oneOf('--firmware', firmwares, values.firmware ?? 'bios'),
    medium: oneOf('--medium', ['cd', 'usb'] as const, values.medium ?? 'cd'),
    memoryMB: parseMemory(values.memory ?? '1G'),
    network: values.network === true ? 'user' : 'none',
    timeoutSeconds: parseSeconds(values.timeout ?? '3600'),
    ...(values.screenshot === undefined ? {} : { screenshot: values.screenshot }),
    ...(values['serial-log'] === undefined ? {} : { serialLog: values['serial-log'] }),
    json: values.json === true,
  };
}

function parseWords(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        job: text,
        iso: text,
        disk: { type: 'string', multiple: true },
        firmware: text,
        medium: text,
        memory: text,
        network: flag,
        timeout: text,
        screenshot: text,
        'serial-log': text,
        json: flag,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function oneOf<T extends string>(what: string, known: readonly T[], word: string): T {
  const found = known.find((name) => name === word);
  if (found === undefined) throw new UsageError(`${what} ${word}: it is one of ${known.join(', ')}`);
  return found;
}

/** `FILE,serial=A1,bus=nvme`. A comma in the name of a file is written twice, as for QEMU. */
export function parseDisk(text: string, index: number): Disk {
  const [path = '', ...words] = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  if (path === '') throw new UsageError(`--disk ${text}: there is no name of a file`);
  const given = new Map<string, string>();
  for (const word of words) {
    const [key, value] = [word.split('=', 1)[0]!, word.slice(word.indexOf('=') + 1)];
    if (!word.includes('=') || !['serial', 'bus', 'format', 'sector-size', 'read-only'].includes(key))
      throw new UsageError(`--disk ${text}: there is no option ${word}`);
    if (given.has(key)) throw new UsageError(`--disk ${text}: ${key} is there twice`);
    given.set(key, value);
  }
  const bus: Bus = oneOf('bus', buses, given.get('bus') ?? 'ahci');
  const size = oneOf('sector-size', ['512', '4096'] as const, given.get('sector-size') ?? '512');
  if (bus === 'ahci' && size === '4096')
    throw new UsageError(`--disk ${text}: an AHCI disk of QEMU has sectors of 512 bytes; take another bus`);
  return {
    name: `disk${index + 1}`,
    path,
    bus,
    serial: given.get('serial') ?? `DISK${index + 1}`,
    format: oneOf('format', ['raw', 'qcow2'] as const, given.get('format') ?? 'raw'),
    sectorSizeBytes: size === '512' ? 512 : 4096,
    readOnly: oneOf('read-only', ['yes', 'no'] as const, given.get('read-only') ?? 'no') === 'yes',
  };
}

function parseMemory(text: string): number {
  const [, digits, unit] = /^(\d{1,7})([MG])$/.exec(text) ?? [];
  const megabytes = Number(digits) * (unit === 'G' ? 1024 : 1);
  if (digits === undefined || megabytes < 256)
    throw new UsageError(`--memory ${text}: a size such as 512M or 2G, at least 256M`);
  return megabytes;
}

function parseSeconds(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--timeout ${text}: a number of seconds`);
  return Number(text);
}
