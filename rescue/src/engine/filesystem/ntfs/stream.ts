/** The content of a non-resident NTFS attribute, read through its runs. */
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import type { NonResidentAttribute } from './attribute.ts';
import type { NtfsGeometry } from './boot-sector.ts';
import { HOLE, Runlist } from './runlist.ts';

export class Stream {
  /** What errors call it, for example `NTFS $Bitmap`. */
  readonly name: string;
  readonly dataBytes: number;
  /** Bytes from here on are zeros. */
  readonly initializedBytes: number;
  readonly runs: Runlist;
  readonly #isEncoded: boolean;
  readonly #allocatedBytes: number;
  readonly #reader: BlockReader;
  readonly #clusterSize: number;

  /** The stream that begins with the extent `first`; later ones are added by {@link append}. */
  constructor(reader: BlockReader, geometry: NtfsGeometry, first: NonResidentAttribute, name: string) {
    this.name = name;
    this.dataBytes = first.dataBytes;
    this.initializedBytes = first.initializedBytes;
    this.runs = new Runlist(geometry.clusterCount);
    this.#isEncoded = first.isEncoded;
    this.#allocatedBytes = first.allocatedBytes;
    this.#reader = reader;
    this.#clusterSize = geometry.clusterSize;
    this.append(first);
  }

  /** Adds the next extent. Throws `structure/invalid` if it does not join on. */
  append(extent: NonResidentAttribute): void {
    this.runs.append(extent);
  }

  /** Throws `structure/invalid` unless all extents are there and the sizes fit them. */
  checkComplete(): void {
    const { dataBytes, initializedBytes, runs } = this;
    const fits = initializedBytes <= dataBytes && dataBytes <= this.#allocatedBytes;
    if (!fits || this.#allocatedBytes !== runs.clusterCount * this.#clusterSize)
      this.fail(
        `of ${dataBytes} bytes (${initializedBytes} initialised, ${this.#allocatedBytes} allocated) has ${runs.clusterCount} clusters`,
      );
  }

  /** Throws `structure/invalid` unless every byte of the stream is stored as it is: as metadata has to be. */
  checkPlain(): void {
    if (this.runs.hasHoles) this.fail('has holes');
    if (this.#isEncoded) this.fail('is compressed or encrypted');
  }

  /** Whether the content is compressed or encrypted, so that {@link read} would not give it. */
  get isEncoded(): boolean {
    return this.#isEncoded;
  }

  fail(problem: string): never {
    throw new PermafrostError('structure/invalid', { structure: this.name, problem });
  }

  /** `length` bytes at `offset`, holes and what is not initialised as zeros. Throws if the stream is shorter. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const mappedBytes = this.runs.clusterCount * this.#clusterSize;
    if (offset + length > Math.min(this.dataBytes, mappedBytes))
      this.fail(`ends before its byte ${offset + length}`);
    let bytes: Uint8Array | undefined;
    const end = Math.min(offset + length, this.initializedBytes);
    let at = offset;
    for (let i = this.runs.find(Math.floor(offset / this.#clusterSize)); at < end; i++) {
      const runStart = this.runs.vcn(i) * this.#clusterSize;
      const runEnd = runStart + this.runs.length(i) * this.#clusterSize;
      const count = Math.min(end, runEnd) - at;
      if (this.runs.lcn(i) !== HOLE) {
        const from = this.runs.lcn(i) * this.#clusterSize + (at - runStart);
        const part = await this.#reader.read(from, count);
        // The usual case needs no copy; large bitmaps are read in large pieces.
        if (count === length) return part;
        bytes ??= new Uint8Array(length);
        bytes.set(part, at - offset);
      }
      at += count;
    }
    return bytes ?? new Uint8Array(length);
  }
}
