/** $Volume: the label, the NTFS version and the flags that tell whether the volume has to be checked. */
import { PermafrostError } from '../../base/errors.ts';
import { attributeTypes } from './attribute.ts';
import type { Mft } from './mft.ts';
import { metadataFiles } from './record.ts';

/** Bits of {@link VolumeInformation.flags}. */
export const volumeFlags = {
  dirty: 0x0001,
  resizeLogFile: 0x0002,
  upgradeOnMount: 0x0004,
  mountedOnNt4: 0x0008,
  deleteUsnUnderway: 0x0010,
  repairObjectIds: 0x0020,
  /** Not documented, but set on sound volumes of Windows 10. */
  seenOnSoundVolumes: 0x0080,
  chkdskUnderway: 0x4000,
  modifiedByChkdsk: 0x8000,
} as const;

export interface VolumeInformation {
  /** Empty if there is none. */
  readonly label: string;
  /** For example `3.1`. */
  readonly version: string;
  readonly flags: number;
}

/** Reads $Volume. Throws `structure/invalid`. */
export async function readVolumeInformation(mft: Mft): Promise<VolumeInformation> {
  const file = await mft.readFile(metadataFiles.volume);
  const information = await mft.readValue(file, attributeTypes.volumeInformation);
  if (information === undefined)
    throw new PermafrostError('structure/invalid', {
      structure: 'NTFS $Volume',
      problem: 'has no volume information',
    });
  const label = await mft.readValue(file, attributeTypes.volumeName);
  return {
    label: label?.utf16(0, label.length) ?? '',
    version: `${information.u8(8)}.${information.u8(9)}`,
    flags: information.u16(10),
  };
}
