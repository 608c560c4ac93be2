/**
 * ISO 9660 (ECMA-119): names a disc. It is written once and has no free space, so all of its volume is used.
 * The last sessions of a disc and what hybrid images append lie behind the volume and are used as what lies
 * behind any file system is.
 */
import { Extents } from '../../base/extents.ts';
import type { FileSystem, Prober } from '../file-system.ts';
import { rawMap } from '../raw-map.ts';
import { readIsoVolume, type IsoVolume } from './volume-descriptor.ts';

/** Recognises ISO 9660, also where UDF describes the same files. */
export const probeIso9660: Prober = async (reader) => {
  const volume = await readIsoVolume(reader);
  if (volume === undefined) return undefined;
  const label = chooseLabel(volume);
  const found: FileSystem = {
    info: {
      kind: 'iso9660',
      ...(label === '' ? {} : { label }),
      ...(volume.date === undefined ? {} : { uuid: volume.date }),
      sizeBytes: volume.sizeBytes,
      blockSize: volume.blockSize,
      state: 'clean',
      details: { joliet: volume.jolietLabel !== undefined, bootable: volume.bootable },
    },
    mapUsed: () => {
      const { sizeBytes } = reader;
      if (volume.sizeBytes <= sizeBytes)
        return Promise.resolve({ used: Extents.single(0, volume.sizeBytes), warnings: [] });
      const reason = `the volume has ${volume.sizeBytes} bytes and only ${sizeBytes} are here`;
      return Promise.resolve(rawMap({ sizeBytes, reason: { code: 'inconsistent', reason } }));
    },
  };
  return found;
};

/** Joliet knows more characters but only 16 of them: a primary label that goes on where it ends is better. */
function chooseLabel({ label, jolietLabel }: IsoVolume): string {
  return jolietLabel === undefined || label.startsWith(jolietLabel) ? label : jolietLabel;
}
