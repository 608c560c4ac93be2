/** How this machine's firmware starts systems: by UEFI or not, and the boot entries it keeps (efivarfs). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A boot entry as the firmware keeps it. */
export interface FirmwareVariable {
  /** The number in its name, `Boot####`. */
  readonly number: number;
  /** Without the attributes in front. */
  readonly value: Uint8Array;
}

export interface Firmware {
  readonly kind: 'uefi' | 'bios';
  /** Absent where the variables cannot be read: not started by UEFI, or efivarfs is not mounted. */
  readonly entries?: readonly FirmwareVariable[];
  /** Numbers of entries, in the order in which they are tried. */
  readonly order?: readonly number[];
}

/** `PERMAFROST_FIRMWARE_DIR` stands for `/sys/firmware/efi`: tests have one of their own. */
export const firmwareFolder: string = process.env['PERMAFROST_FIRMWARE_DIR'] ?? '/sys/firmware/efi';

/** The GUID of the variables that UEFI itself defines. */
const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const ATTRIBUTE_BYTES = 4;
const MAX_VARIABLE_BYTES = 64 * 1024;

/** Reads them; never throws for what firmware or kernel do not show. */
export async function readFirmware(folder: string = firmwareFolder): Promise<Firmware> {
  const isUefi = await readdir(folder).then(
    () => true,
    () => false,
  );
  if (!isUefi) return { kind: 'bios' };
  const variables = join(folder, 'efivars');
  const names = await readdir(variables).catch(() => []);
  if (!names.some((name) => name.endsWith(GLOBAL))) return { kind: 'uefi' };
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const bytes = await readFile(join(variables, `${name}-${GLOBAL}`)).catch(() => undefined);
    return bytes === undefined || bytes.length > MAX_VARIABLE_BYTES
      ? undefined
      : new Uint8Array(bytes.subarray(ATTRIBUTE_BYTES));
  };
  const entries: FirmwareVariable[] = [];
  for (const name of names.sort()) {
    const [, digits] = /^Boot([0-9A-F]{4})-/.exec(name) ?? [];
    if (digits === undefined || !name.endsWith(GLOBAL)) continue;
    const value = await read(`Boot${digits}`);
    if (value !== undefined) entries.push({ number: parseInt(digits, 16), value });
  }
  const order = (await read('BootOrder')) ?? new Uint8Array(0);
  const view = new DataView(order.buffer, order.byteOffset, order.byteLength);
  return {
    kind: 'uefi',
    entries,
    order: Array.from({ length: Math.floor(order.length / 2) }, (_, i) => view.getUint16(i * 2, true)),
  };
}
