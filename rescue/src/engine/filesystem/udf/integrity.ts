/**
 * The logical volume integrity sequence: whether the volume was closed, and how much of it is free.
 * Layout: ECMA-167, 3/8.8.2 and 3/10.10; OSTA UDF 2.60, 2.2.6.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import type { Fields } from '../../base/fields.ts';
import { readDescriptor, udfTags } from './tag.ts';
import type { VolumeExtent } from './volume.ts';

export interface UdfIntegrity {
  readonly closed: boolean;
  /** Lowest revision that a reader must know, as in `0x0201`; 0 if it is not said. */
  readonly minReadRevision: number;
  /** Free blocks of each partition map; `undefined` where it is not said. */
  readonly freeBlocks: readonly (number | undefined)[];
}

/** Of one sequence; also what ends a ring of extents. */
const MAX_DESCRIPTORS = 4096;
const UNKNOWN = 0xffff_ffff;
const MAX_PARTITIONS = 256;

/** The last descriptor of the sequence in `extent`, which counts; `undefined` if there is none. */
export async function readIntegrity(
  reader: BlockReader,
  extent: VolumeExtent,
  blockSize: number,
): Promise<UdfIntegrity | undefined> {
  let last: Fields | undefined;
  let { block, lengthBytes } = extent;
  let read = 0;
  while (lengthBytes >= blockSize) {
    let found: Fields | undefined;
    for (; lengthBytes >= blockSize; block++, lengthBytes -= blockSize) {
      const descriptor = await readDescriptor(reader, block, blockSize);
      if (descriptor?.identifier !== udfTags.integrity) break;
      found = descriptor.fields;
      if (++read > MAX_DESCRIPTORS) found.fail('has a sequence of integrity descriptors without an end');
    }
    // An extent that was reserved for later and is still empty.
    if (found === undefined) break;
    last = found;
    lengthBytes = last.u32(32);
    block = last.u32(36);
  }
  return last === undefined ? undefined : parse(last);
}

function parse(fields: Fields): UdfIntegrity {
  const type = fields.u32(28);
  if (type > 1) fields.fail(`has the integrity type ${type}`, 28);
  const partitions = fields.u32(72);
  if (partitions > MAX_PARTITIONS) fields.fail(`speaks of ${partitions} partitions`, 72);
  const freeBlocks = Array.from({ length: partitions }, (_, i) => {
    const free = fields.u32(80 + 4 * i);
    return free === UNKNOWN ? undefined : free;
  });
  // Of the implementation use: an identifier, two counts, then the revisions.
  const minReadAt = 80 + 8 * partitions + 40;
  return {
    closed: type === 1,
    minReadRevision: fields.u32(76) >= 46 ? fields.u16(minReadAt) : 0,
    freeBlocks,
  };
}
