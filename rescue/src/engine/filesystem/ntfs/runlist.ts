/** NTFS' mapping pairs: which clusters of the volume hold the clusters of a stream, and which are holes. */
import type { Fields } from '../../base/fields.ts';
import type { NonResidentAttribute } from './attribute.ts';

/** The logical cluster of a run that has none: a hole, which reads as zeros. */
export const HOLE = -1;

/** A stream in more pieces is refused: 256 KiB of attribute list cannot lead to more in practice. */
const MAX_RUNS = 1_000_000;

/**
 * Calls `visit(lcn, clusterCount)` for each run in `pairs`, in order; `lcn` is {@link HOLE} for a hole.
 * Every other run lies inside the `volumeClusters` of the volume. Throws `structure/invalid`.
 */
export function decodeMappingPairs(
  pairs: Fields,
  volumeClusters: number,
  visit: (lcn: number, clusterCount: number) => void,
): void {
  let at = 0;
  let lcn = 0;
  for (let header = pairs.u8(0); header !== 0; header = pairs.u8(at)) {
    const lengthBytes = header & 0x0f;
    const deltaBytes = header >>> 4;
    if (lengthBytes === 0 || lengthBytes > 8 || deltaBytes > 8)
      pairs.fail(`has a run of header 0x${header.toString(16)}`);
    const count = signed(pairs, at + 1, lengthBytes);
    if (!(count > 0)) pairs.fail(`has a run of ${count} clusters`);
    if (deltaBytes === 0) visit(HOLE, count);
    else {
      lcn += signed(pairs, at + 1 + lengthBytes, deltaBytes);
      if (!(lcn >= 0) || lcn + count > volumeClusters)
        pairs.fail(`has a run of ${count} clusters at ${lcn} of ${volumeClusters}`);
      visit(lcn, count);
    }
    at += 1 + lengthBytes + deltaBytes;
  }
}

/** A little-endian signed number of `length` bytes; NaN if a JavaScript number cannot hold it. */
function signed(fields: Fields, offset: number, length: number): number {
  let value = fields.i8(offset + length - 1);
  for (let i = length - 2; i >= 0; i--) value = value * 256 + fields.u8(offset + i);
  return Number.isSafeInteger(value) ? value : NaN;
}

/** The runs of one stream in the order of its clusters. */
export class Runlist {
  readonly #volumeClusters: number;
  readonly #vcns: number[] = [];
  readonly #lcns: number[] = [];
  #clusterCount = 0;
  #mappedClusters = 0;

  constructor(volumeClusters: number) {
    this.#volumeClusters = volumeClusters;
  }

  /** How many runs there are. */
  get count(): number {
    return this.#vcns.length;
  }

  /** Clusters of the stream that the runs so far stand for, holes included. */
  get clusterCount(): number {
    return this.#clusterCount;
  }

  get hasHoles(): boolean {
    return this.#mappedClusters !== this.#clusterCount;
  }

  /** First cluster of run `i` in the stream. */
  vcn(i: number): number {
    return this.#vcns[i]!;
  }

  /** First cluster of run `i` on the volume, or {@link HOLE}. */
  lcn(i: number): number {
    return this.#lcns[i]!;
  }

  /** Clusters of run `i`. */
  length(i: number): number {
    return (this.#vcns[i + 1] ?? this.#clusterCount) - this.#vcns[i]!;
  }

  /** Adds the runs of the next extent of the stream. Throws `structure/invalid` if it does not join on. */
  append(extent: NonResidentAttribute): void {
    const pairs = extent.mappingPairs;
    if (extent.lowestVcn !== this.#clusterCount)
      pairs.fail(`continues at cluster ${extent.lowestVcn} of a stream known up to ${this.#clusterCount}`);
    decodeMappingPairs(pairs, this.#volumeClusters, (lcn, count) => {
      if (this.count === MAX_RUNS) pairs.fail(`is in more than ${MAX_RUNS} pieces`);
      if (lcn !== HOLE) this.#mappedClusters += count;
      // No cluster can be used twice; this also bounds what reading a hostile stream costs.
      if (this.#mappedClusters > this.#volumeClusters) pairs.fail('has more clusters than the volume');
      this.#vcns.push(this.#clusterCount);
      this.#lcns.push(lcn);
      this.#clusterCount += count;
    });
    if (this.#clusterCount !== extent.highestVcn + 1 || !Number.isSafeInteger(this.#clusterCount))
      pairs.fail(`ends at cluster ${extent.highestVcn} but its runs at ${this.#clusterCount - 1}`);
  }

  /** The run that holds cluster `vcn` of the stream, which must be below {@link clusterCount}. */
  find(vcn: number): number {
    let low = 0;
    let high = this.#vcns.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#vcns[middle]! <= vcn) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
