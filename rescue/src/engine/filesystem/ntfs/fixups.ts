/**
 * The update sequence of NTFS' multi-sector structures (file records, index blocks, log pages): the last two
 * bytes of each 512-byte stride hold a number that tells whether all strides were written together.
 */
import type { Fields } from '../../base/fields.ts';

/** Bytes between two protected places, whatever the sector size of the disk. */
const STRIDE_BYTES = 512;

/**
 * Checks the update sequence of `block` and puts the bytes back that it displaced: changes `block.bytes`.
 * Throws `structure/invalid` if the block was torn (its strides are of different writes) or makes no sense.
 */
export function applyFixups(block: Fields): void {
  const offset = block.u16(4);
  const count = block.u16(6);
  const strides = block.length / STRIDE_BYTES;
  if (count !== strides + 1 || offset % 2 !== 0 || offset < 8 || offset + 2 * count > STRIDE_BYTES - 2)
    block.fail(`has an update sequence of ${count} at ${offset} for ${block.length} bytes`);
  const number = block.u16(offset);
  for (let stride = 0; stride < strides; stride++) {
    const place = (stride + 1) * STRIDE_BYTES - 2;
    if (block.u16(place) !== number) block.fail(`is torn: its update sequence differs at ${place}`);
    const from = offset + 2 + 2 * stride;
    block.bytes[place] = block.bytes[from]!;
    block.bytes[place + 1] = block.bytes[from + 1]!;
  }
}
