/**
 * What a UEFI machine needs to start a disk: a boot entry that leads to a loader of a system on it, or the fallback
 * loader. UEFI 2.10, sections 3.1.3 and 3.5.1.1.
 */
import type { BlockReader } from '../base/block-reader.ts';
import type { Firmware } from '../device/firmware.ts';
import { readTable, type ReadTableOptions } from '../partition/table.ts';
import { checkUefi, FALLBACK_PATH, type BootEntry, type SystemPartition } from './uefi.ts';
import { parseLoadOption } from './load-option.ts';
import { explain, readVolumes } from './volumes.ts';

/** What would be done so that this machine starts what is on a disk. */
export interface BootEntryPlan {
  /** Number and GUID of the EFI system partition. */
  readonly partition: number;
  readonly partitionId: string;
  /** In the order in which they are made; the last one is tried first. */
  readonly entries: readonly PlannedEntry[];
  /** Files that are copied to the fallback path, within the partition; none where there is a fallback loader. */
  readonly fallback: readonly { readonly from: string; readonly to: string }[];
}

export interface PlannedEntry {
  readonly label: string;
  /** For example `\EFI\debian\shimx64.efi`. */
  readonly loader: string;
  /** `there`: the machine has it; `activate`: it has it, switched off, as number `number`. */
  readonly action: 'create' | 'activate' | 'there';
  readonly number?: number;
}

/** Loaders that start a vendor's system, in the order in which one is taken. */
const loaders = ['shimx64.efi', 'bootmgfw.efi', 'systemd-bootx64.efi', 'grubx64.efi'];
/** What shim starts, and what it starts to enroll keys: they must lie beside it. */
const besideShim = ['grubx64.efi', 'mmx64.efi'];

/**
 * Plans it for the disk `reader`, as it is or as it will be. `undefined` if there is nothing that UEFI could start,
 * or on a machine that is no UEFI machine.
 */
export async function planBootEntry(
  reader: BlockReader,
  firmware: Firmware,
  options: ReadTableOptions & { readonly signal?: AbortSignal },
): Promise<BootEntryPlan | undefined> {
  if (firmware.kind !== 'uefi') return undefined;
  const { signal, ...tableOptions } = options;
  const table = await readTable(reader, tableOptions);
  if (table.kind !== 'gpt') return undefined;
  const volumes = await readVolumes(reader, table, signal);
  const { partitions } = await checkUefi(table, volumes, firmware);
  const found = partitions.find(({ isTyped, vendors }) => isTyped && vendors.some(hasLoader));
  const partition = found?.volume.partition;
  if (found === undefined || partition?.partitionId === undefined) return undefined;
  const { partitionId, number } = partition;
  const chosen = found.vendors.flatMap((vendor) => {
    const path = loaderOf(vendor);
    return path === undefined ? [] : [{ vendor: vendor.name, path }];
  });
  // Windows' goes first, and so stands behind the others: their menus lead to it, its own to none of them.
  chosen.sort((a, b) => Number(isMicrosoft(b.vendor)) - Number(isMicrosoft(a.vendor)));
  const existing = parseAll(firmware);
  return {
    partition: number,
    partitionId,
    entries: chosen.map(({ vendor, path }) => planEntry(vendor, path, partitionId, existing)),
    fallback: found.hasFallback ? [] : fallbackFiles(found, chosen.at(-1)!.path),
  };
}

/** Whether the firmware has an active entry for `loader` on the partition. */
export function hasEntry(firmware: Firmware, partitionId: string, loader: string): boolean {
  return parseAll(firmware).some((entry) => entry.active && leadsTo(entry, partitionId, loader));
}

function parseAll(firmware: Firmware): BootEntry[] {
  return (firmware.entries ?? []).flatMap(({ number, value }) => {
    try {
      return [{ number, ...parseLoadOption(value) }];
    } catch (error) {
      explain(error);
      return [];
    }
  });
}

function leadsTo({ partition, path }: BootEntry, partitionId: string, loader: string): boolean {
  return partition?.id === partitionId && path?.toLowerCase() === loader.toLowerCase();
}

function planEntry(
  vendor: string,
  path: string,
  partitionId: string,
  existing: readonly BootEntry[],
): PlannedEntry {
  const loader = path.replaceAll('/', '\\');
  const label = isMicrosoft(vendor) ? 'Windows Boot Manager' : vendor;
  const own = existing.filter((entry) => leadsTo(entry, partitionId, loader));
  if (own.some(({ active }) => active)) return { label, loader, action: 'there' };
  return own.length > 0
    ? { label, loader, action: 'activate', number: own[0]!.number }
    : { label, loader, action: 'create' };
}

type Vendor = SystemPartition['vendors'][number];

function hasLoader(vendor: Vendor): boolean {
  return loaderOf(vendor) !== undefined;
}

function loaderOf(vendor: Vendor): string | undefined {
  for (const name of loaders) {
    const found = vendor.loaders.find((path) => path.toLowerCase().endsWith(`/${name}`));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isMicrosoft(vendor: string): boolean {
  return vendor.toLowerCase() === 'microsoft';
}

function fallbackFiles({ vendors }: SystemPartition, loader: string): BootEntryPlan['fallback'] {
  const files = [{ from: loader, to: FALLBACK_PATH }];
  if (!loader.toLowerCase().endsWith('/shimx64.efi')) return files;
  const folder = loader.slice(0, loader.lastIndexOf('/'));
  const all = vendors.flatMap((vendor) => vendor.loaders);
  for (const name of besideShim) {
    const from = all.find((path) => path.toLowerCase() === `${folder}/${name}`.toLowerCase());
    if (from !== undefined) files.push({ from, to: `/EFI/BOOT/${name}` });
  }
  return files;
}
