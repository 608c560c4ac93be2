/** The network cards of this machine and their addresses, from sysfs and the kernel's list of addresses. */
import { readdir, readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { NetworkCard } from '../flow/parts.ts';

/** ARPHRD_LOOPBACK (Linux, include/uapi/linux/if_arp.h). */
const LOOPBACK = '772';

/** All cards but the loopback, by their names. */
export async function readNetworkCards(
  folder = '/sys/class/net',
  known: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): Promise<NetworkCard[]> {
  const names = await readdir(folder).catch(() => []);
  const cards = await Promise.all(
    names.sort().map(async (name) => {
      const read = (file: string): Promise<string | undefined> =>
        readFile(join(folder, name, file), 'utf8').then(
          (text) => text.trim(),
          () => undefined,
        );
      const [type, hardware, carrier] = await Promise.all([read('type'), read('address'), read('carrier')]);
      if (type === undefined || type === LOOPBACK) return undefined;
      return {
        name,
        hardware: hardware ?? '',
        // A card that is switched off cannot tell.
        ...(carrier === undefined || carrier === '' ? {} : { cable: carrier === '1' }),
        addresses: (known[name] ?? []).flatMap(({ cidr, address }) => cidr ?? address),
      };
    }),
  );
  return cards.filter((card) => card !== undefined);
}
