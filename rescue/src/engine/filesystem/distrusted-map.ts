/** The map of a file system that is not clean and whose allocation structures may not even be readable. */
import { isPermafrostError } from '../base/errors.ts';
import type { Extents } from '../base/extents.ts';
import type { MapOptions, RawReason, UsedMap } from './file-system.ts';
import { distrustedMap, rawMap } from './raw-map.ts';

/**
 * What `readUsed` finds is not believed, for `reason`: see {@link distrustedMap}. Raw without the size it would
 * have been where `readUsed` finds no sense in the structures. `sizeBytes` is the region's.
 */
export async function readDistrustedMap(
  readUsed: () => Promise<Extents>,
  sizeBytes: number,
  reason: Omit<RawReason, 'trustedBytes'>,
  options: MapOptions,
): Promise<UsedMap> {
  let used: Extents;
  try {
    used = await readUsed();
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return rawMap({ sizeBytes, reason: { ...reason, reason: `${reason.reason}; ${error.message}` } });
  }
  return distrustedMap(used, sizeBytes, reason, options);
}
