/** Makes a range of a target read as zeros, keeping files sparse. */
import type { BlockFile } from 'blockdev-native';
import { writeFailure } from '../device/device-failure.ts';

/** Throws `device/write-failed`. */
export async function zeroRange(file: BlockFile, offset: number, length: number): Promise<void> {
  if (length <= 0) return;
  try {
    if (!file.isBlockDevice) {
      // A hole in a file reads as zeros by definition; a discarded range of a device need not.
      try {
        await file.discard(offset, length);
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EOPNOTSUPP') throw error;
      }
    }
    await file.zero(offset, length);
  } catch (error) {
    throw writeFailure(error, file.path);
  }
}
