/** $MFTMirr: the copy of the first four records of $MFT. Where the two differ, the volume is damaged. */
import { Fields } from '../../base/fields.ts';
import { applyFixups } from './fixups.ts';
import type { Mft } from './mft.ts';

const MIRRORED_RECORDS = 4;

/** Throws `structure/invalid` unless both say the same. */
export async function checkMirror(mft: Mft): Promise<void> {
  const { geometry, reader, stream } = mft;
  const start = geometry.mftMirrorLcn * geometry.clusterSize;
  for (let number = 0; number < MIRRORED_RECORDS; number++) {
    const offset = number * geometry.recordSize;
    const original = await stream.read(offset, geometry.recordSize);
    const copy = await reader.read(start + offset, geometry.recordSize);
    if (Buffer.compare(meaning(original, number), meaning(copy, number)) !== 0)
      stream.fail(`and its mirror differ in record ${number}`);
  }
}

/** The part of record `bytes` that is in use, without the number that each write of it counts up. */
function meaning(bytes: Uint8Array, number: number): Uint8Array {
  const record = new Fields(bytes, `NTFS file record ${number} or its mirror`);
  applyFixups(record);
  const sequence = record.slice(record.u16(4), 2 * record.u16(6));
  sequence.fill(0);
  return record.slice(0, Math.min(record.u32(24), record.length));
}
