/** The answer "everything is used", and the rule of when a map that is not certain becomes it. */
import type { Said } from '../base/remarks.ts';
import { Extents } from '../base/extents.ts';
import type { MapOptions, RawMapInput, RawReason, UsedMap } from './file-system.ts';

export function rawMap({ sizeBytes, reason, warnings = [] }: RawMapInput): UsedMap {
  return { used: Extents.single(0, sizeBytes), raw: reason, warnings };
}

/**
 * The map of a file system that is not believed for `reason`, where `used` is what its allocation structures
 * say: raw with both sizes. If the reason is that it was not cleanly unmounted, and no other, the user can have
 * it believed by `--trust-bitmap`: then `used`, with the override recorded.
 */
export function distrustedMap(
  used: Extents,
  sizeBytes: number,
  reason: Omit<RawReason, 'trustedBytes'>,
  options: MapOptions,
  warnings: readonly Said[] = [],
): UsedMap {
  const full: RawReason = { ...reason, trustedBytes: used.totalBytes };
  if (options.trustBitmap === true && reason.code === 'dirty') return { used, warnings, overridden: full };
  return rawMap({ sizeBytes, reason: full, warnings });
}
