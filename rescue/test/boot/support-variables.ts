/** Boot entries as UEFI firmware keeps them, in a folder that stands for /sys/firmware/efi (UEFI 2.10, sections 3.1.3 and 10.3). */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guidBytes } from './support-bcd.ts';

const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';

export interface EntryOptions {
  readonly label: string;
  /** GUID of a GPT partition. */
  readonly partition: string;
  readonly path: string;
  readonly active?: boolean;
}

/** The content of a variable Boot####, without its attributes. */
export function bootEntry({ label, partition, path, active = true }: EntryOptions): Buffer {
  const drive = Buffer.alloc(42);
  drive.writeUInt8(4, 0);
  drive.writeUInt8(1, 1);
  drive.writeUInt16LE(42, 2);
  drive.writeUInt32LE(2, 4);
  guidBytes(partition).copy(drive, 24);
  drive.writeUInt8(2, 40);
  drive.writeUInt8(2, 41);
  const name = Buffer.from(`${path}\0`, 'utf16le');
  const file = Buffer.concat([Buffer.from([4, 4, (4 + name.length) & 0xff, (4 + name.length) >> 8]), name]);
  const nodes = Buffer.concat([drive, file, Buffer.from([0x7f, 0xff, 4, 0])]);
  const head = Buffer.alloc(6);
  head.writeUInt32LE(active ? 1 : 0, 0);
  head.writeUInt16LE(nodes.length, 4);
  return Buffer.concat([head, Buffer.from(`${label}\0`, 'utf16le'), nodes]);
}

/** Makes in the folder `root` what the kernel shows of `entries`, by their four digits. */
export async function writeVariables(root: string, entries: Readonly<Record<string, Buffer>>): Promise<void> {
  const folder = join(root, 'efivars');
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: Buffer): Promise<void> =>
    writeFile(join(folder, `${name}-${GLOBAL}`), Buffer.concat([Buffer.from([7, 0, 0, 0]), value]));
  const numbers = Object.keys(entries).map((digits) => parseInt(digits, 16));
  await write('BootOrder', Buffer.from(Uint16Array.from(numbers).buffer));
  for (const [digits, value] of Object.entries(entries)) await write(`Boot${digits}`, value);
}
