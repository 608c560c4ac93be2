/** Finds the image a person means: by id, unique prefix of one, name, or `latest`. */
import { PermafrostError } from '../base/errors.ts';
import type { Manifest } from '../repository/manifest.ts';
import type { Repository } from '../repository/repository.ts';

export interface ImageSelection {
  /** Id, unique prefix of one (at least 4 digits), name, or `latest`. */
  readonly image: string;
  /** Host name, machine id or model the image must come from. */
  readonly machine?: string;
  /** Serial, WWN, model or path of a disk the image must contain. */
  readonly ofDisk?: string;
}

/** Throws `image/not-found`, or `image/ambiguous` where more than one could be meant. */
export async function selectImage(repository: Repository, selection: ImageSelection): Promise<Manifest> {
  const { image } = selection;
  const all = (await repository.listImages()).images;
  const candidates = all.filter((m) => fromMachine(m, selection.machine) && hasDisk(m, selection.ofDisk));
  const ambiguous = (matches: readonly Manifest[]): never => {
    throw new PermafrostError('image/ambiguous', { image, candidates: matches.slice(-8).map(describeImage) });
  };
  if (image === 'latest') {
    const sources = new Map(candidates.map((m) => [sourceKey(m), m]));
    if (sources.size > 1) return ambiguous([...sources.values()]);
    const latest = candidates.at(-1);
    if (latest !== undefined) return latest;
  } else {
    // An id is what it is, whatever images are called.
    const exact = candidates.find((m) => m.id === image);
    if (exact !== undefined) return exact;
    const named = candidates.filter((m) => m.name === image);
    const prefixed = /^[0-9a-f]{4,}$/.test(image) ? candidates.filter((m) => m.id.startsWith(image)) : [];
    const matches = [...new Set([...named, ...prefixed])];
    if (matches.length > 1) return ambiguous(matches);
    if (matches[0] !== undefined) return matches[0];
  }
  throw new PermafrostError('image/not-found', { image, repository: repository.store.root });
}

/** One line that tells images apart. */
export function describeImage(manifest: Manifest): string {
  const disks = manifest.disks
    .map((d) => [d.model, d.serial ?? d.path].filter(Boolean).join(' '))
    .join(' + ');
  return `${manifest.id.slice(0, 8)} "${manifest.name}" (${disks}, ${manifest.machine.hostname})`;
}

function fromMachine(manifest: Manifest, machine: string | undefined): boolean {
  const { hostname, id, model } = manifest.machine;
  return machine === undefined || [hostname, id, model].includes(machine);
}

function hasDisk(manifest: Manifest, disk: string | undefined): boolean {
  return disk === undefined || manifest.disks.some((d) => [d.serial, d.wwn, d.model, d.path].includes(disk));
}

/** Equal for images of the same disks of the same machine; where a disk has no serial its path stands for it. */
function sourceKey(manifest: Manifest): string {
  const disks = manifest.disks.map((d) => d.wwn ?? d.serial ?? `${manifest.machine.hostname}:${d.path}`);
  return JSON.stringify(disks.sort());
}
