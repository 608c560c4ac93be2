/** A name of this machine that another machine does not have and that the next start does not change. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeMachine } from '../engine/index.ts';

/** The firmware's UUID where it has a real one; else the address of a wired card, else the host name. */
export async function machineName(netFolder = '/sys/class/net'): Promise<string> {
  const { hostname, id } = await describeMachine();
  if (id !== undefined && isReal(id)) return id;
  const names = (await readdir(netFolder).catch(() => [])).sort();
  for (const name of names) {
    const address = await cardAddress(join(netFolder, name));
    if (address !== undefined) return `${hostname} ${address}`;
  }
  return hostname;
}

/** Firmware that nobody filled in says the same digit all over, or the digits in order. */
function isReal(id: string): boolean {
  const digits = id.toLowerCase().replaceAll(/[^0-9a-f]/g, '');
  return (
    new Set(digits).size > 2 && !digits.startsWith('0123456789') && !digits.startsWith('03000200040005000006')
  );
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
