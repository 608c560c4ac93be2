/** Which machine this is: names that another machine does not have and that the next start does not change. */
import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

export interface MachineFolders {
  readonly dmi?: string;
  readonly net?: string;
}

/** What tells this machine from all others, and else its host name. */
export async function machineName(folders?: MachineFolders): Promise<string> {
  return (await uniqueMachineName(folders)) ?? hostname();
}

/** The firmware's UUID where it has a real one, else the address of a wired card; undefined where there is neither. */
export async function uniqueMachineName({
  dmi = '/sys/class/dmi/id',
  net = '/sys/class/net',
}: MachineFolders = {}): Promise<string | undefined> {
  const id = await firmwareId(dmi);
  if (id !== undefined && isReal(id)) return id;
  const names = (await readdir(net).catch(() => [])).sort();
  for (const name of names) {
    const address = await cardAddress(join(net, name));
    if (address !== undefined) return `${hostname()} ${address}`;
  }
  return undefined;
}

/** What the firmware says that this machine's UUID is, whether that can be so or not; undefined where it may not be read. */
export async function firmwareId(dmi = '/sys/class/dmi/id'): Promise<string | undefined> {
  try {
    const text = (await readFile(join(dmi, 'product_uuid'), 'utf8')).trim();
    return text === '' ? undefined : text;
  } catch {
    // Virtual machines without firmware tables, or no permission.
    return undefined;
  }
}

/** What boards say whose maker filled in nothing, in either order of the bytes. */
const dummies: readonly string[] = ['0123456789', '03000200040005000006', '00020003000400050006'];

/** Firmware that nobody filled in says the same digit all over, or one of those. */
function isReal(id: string): boolean {
  const digits = id.toLowerCase().replaceAll(/[^0-9a-f]/g, '');
  return new Set(digits).size > 2 && !dummies.some((dummy) => digits.startsWith(dummy));
}

async function cardAddress(folder: string): Promise<string | undefined> {
  try {
    // Only what has a device behind it: bridges and tunnels come and go.
    await readdir(join(folder, 'device'));
    const address = (await readFile(join(folder, 'address'), 'utf8')).trim();
    return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(address) && address !== '00:00:00:00:00:00'
      ? address
      : undefined;
  } catch {
    return undefined;
  }
}
