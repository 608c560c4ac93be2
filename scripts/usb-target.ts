/** What is known of a disk that the image is to be written to, and what speaks against doing so. Pure. */

/** One device as `lsblk --json --bytes` describes it; what is upon it is in `children`. */
export interface BlockDevice {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  /** Removable. */
  readonly rm: boolean;
  /** Read-only. */
  readonly ro: boolean;
  readonly tran: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly fstype: string | null;
  readonly label: string | null;
  readonly mountpoints: readonly (string | null)[];
  readonly children?: readonly BlockDevice[];
  /** Flash of the machine's own, which bears the name of a card. */
  readonly isSoldered?: boolean;
}

export const lsblkColumns = 'PATH,TYPE,SIZE,RM,RO,TRAN,MODEL,SERIAL,FSTYPE,LABEL,MOUNTPOINTS';

export interface Objection {
  readonly text: string;
  /** Whether whoever insists may go on. */
  readonly overridable: boolean;
}

/** A device and all that is upon it, partitions and what is built of them, in lsblk's order. */
export function withChildren(device: BlockDevice): BlockDevice[] {
  return [device, ...(device.children ?? []).flatMap(withChildren)];
}

/** Where the device and what is upon it are mounted, `[SWAP]` for swap; a mount below another comes before it. */
export function mountsOf(device: BlockDevice): string[] {
  return withChildren(device)
    .flatMap(({ mountpoints }) => mountpoints)
    .filter((path) => path !== null)
    .sort()
    .reverse();
}

/** A stick, a card, or a disk in a USB case: many of the latter say that they are not removable. */
const isPortable = ({ rm, tran, path, isSoldered = false }: BlockDevice): boolean =>
  rm || tran === 'usb' || (/^\/dev\/mmcblk\d+$/.test(path) && !isSoldered);

/** All that speaks against writing an image of `imageBytes` to the disk; full sentences. */
export function objectionsTo(device: BlockDevice, imageBytes: number): Objection[] {
  const objections: Objection[] = [];
  const object = (overridable: boolean, text: string): void => void objections.push({ text, overridable });
  const { path, type, size, ro } = device;
  if (type !== 'disk' && type !== 'loop')
    object(false, `${path} is no whole disk but of the type ${type}: name the disk that it is on.`);
  if (ro) object(false, `${path} is read-only: many sticks and cards have a switch.`);
  if (size < imageBytes)
    object(false, `${path} holds ${size} bytes, fewer than the ${imageBytes} of the image.`);
  const mounts = mountsOf(device);
  const vital = mounts.filter(
    (mount) => mount === '[SWAP]' || /^\/(boot|home|usr|var)?(\/efi)?$/.test(mount),
  );
  if (vital.length > 0) object(false, `This system runs from ${path} (${vital.join(', ')}).`);
  else if (mounts.length > 0) object(true, `${path} is mounted (${mounts.join(', ')}).`);
  const built = withChildren(device).filter(({ type: kind }) => !['disk', 'loop', 'part'].includes(kind));
  if (built.length > 0)
    object(false, `${path} is part of ${built.map(({ path: name }) => name).join(', ')}, which is running.`);
  if (!isPortable(device))
    object(true, `${path} is neither removable nor on USB: it may be a disk of this machine.`);
  return objections;
}

/** The disk and what is on it, for a person who has to be sure, one line each. */
export function describeTarget(device: BlockDevice): string[] {
  return withChildren(device).map(({ path, size, tran, model, serial, fstype, label, mountpoints }) =>
    [
      `  ${path.padEnd(14)} ${(size / 1e9).toFixed(1).padStart(8)} GB`,
      tran,
      model?.trim(),
      serial === null ? null : `serial ${serial}`,
      fstype,
      label === null ? null : `"${label}"`,
      ...mountpoints.filter((mount) => mount !== null).map((mount) => `on ${mount}`),
    ]
      .filter((word) => word !== null && word !== undefined && word !== '')
      .join('  '),
  );
}
