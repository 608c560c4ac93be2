/**
 * NTFS volumes made in memory for layouts that no mkfs makes: fragmented and listed metadata files, damage,
 * states that only Windows leaves behind. Written from the same documents as the parser.
 */
import {
  clustersOf,
  fileRecord,
  HOLE,
  indexRoot,
  nonResident,
  resident,
  restartPage,
  types,
  type NamedReference,
  type RecordOptions,
  type Run,
  type StreamOptions,
} from './support-ntfs-structures.ts';

export interface ModelOptions {
  readonly clusterSize?: number;
  readonly clusterCount?: number;
  readonly sectorSize?: number;
  readonly recordSize?: number;
  /** Where the file table lies; its first run decides the boot sector. */
  readonly mftRuns?: readonly Run[];
  readonly bitmapRuns?: readonly Run[];
  /** Sectors behind the last whole cluster that still belong to the volume. */
  readonly tailSectors?: number;
}

/** A volume under construction: change what it is made of, then {@link NtfsModel.build} it. */
export class NtfsModel {
  readonly clusterSize: number;
  readonly clusterCount: number;
  readonly sectorSize: number;
  readonly recordSize: number;
  readonly mftRuns: readonly Run[];
  readonly bitmapRuns: readonly Run[];
  readonly mirrorRun: Run;
  readonly logRun: Run;
  readonly tailSectors: number;
  readonly records = new Map<number, Buffer>();
  /** Written last, at byte offsets. */
  readonly patches: { offset: number; bytes: Uint8Array }[] = [];
  readonly bitmap: Uint8Array;
  log: Buffer = Buffer.concat([restartPage({}), restartPage({})]);
  label = 'Model';
  version: readonly [number, number] = [3, 1];
  volumeFlags = 0;
  /** Runs of $BadClus:$Bad; a hole as long as the volume if undefined. */
  badRuns: readonly Run[] | undefined;
  root: readonly NamedReference[] = [];

  constructor(options: ModelOptions = {}) {
    this.clusterSize = options.clusterSize ?? 4096;
    this.clusterCount = options.clusterCount ?? 256;
    this.sectorSize = options.sectorSize ?? 512;
    this.recordSize = options.recordSize ?? 1024;
    this.tailSectors = options.tailSectors ?? 0;
    const clusters = (bytes: number): number => Math.ceil(bytes / this.clusterSize);
    let next = clusters(8192);
    const place = (bytes: number): Run => {
      const run = { lcn: next, count: clusters(bytes) };
      next += run.count;
      return run;
    };
    this.mirrorRun = place(4 * this.recordSize);
    this.logRun = place(16384);
    this.bitmapRuns = options.bitmapRuns ?? [place(Math.ceil(this.clusterCount / 8))];
    this.mftRuns = options.mftRuns ?? [place(32 * this.recordSize)];
    this.bitmap = new Uint8Array(clustersOf(this.bitmapRuns) * this.clusterSize);
    this.use({ lcn: 0, count: clusters(8192) });
    for (const run of [this.mirrorRun, this.logRun, ...this.bitmapRuns, ...this.mftRuns]) this.use(run);
  }

  /** Sets the bits of `run` in the bitmap, or clears them. */
  use({ lcn, count }: Run, used = true): void {
    for (let i = lcn; lcn !== HOLE && i < lcn + count; i++) {
      if (used) this.bitmap[i >>> 3]! |= 1 << (i & 7);
      else this.bitmap[i >>> 3]! &= ~(1 << (i & 7));
    }
  }

  setRecord(number: number, attributes: readonly Buffer[], options?: RecordOptions): void {
    this.records.set(number, fileRecord(this.recordSize, number, attributes, options));
  }

  /** A non-resident attribute of this volume's cluster size. */
  stream(type: number, runs: readonly Run[], options?: StreamOptions): Buffer {
    return nonResident(type, runs, this.clusterSize, options);
  }

  #volumeInformation(): Buffer {
    const value = Buffer.alloc(12);
    value.set(this.version, 8);
    value.writeUInt16LE(this.volumeFlags, 10);
    return value;
  }

  #standardRecords(): Map<number, Buffer> {
    const { data } = types;
    const record = (number: number, attributes: Buffer[], options?: RecordOptions): [number, Buffer] => [
      number,
      fileRecord(this.recordSize, number, attributes, options),
    ];
    const hole = [{ lcn: HOLE, count: this.clusterCount }];
    const bad = this.stream(data, this.badRuns ?? hole, { name: '$Bad', initializedBytes: 0, flags: 0x8000 });
    return new Map([
      record(0, [this.stream(data, this.mftRuns)]),
      record(1, [this.stream(data, [this.mirrorRun])]),
      record(2, [this.stream(data, [this.logRun], { dataBytes: 16384 })]),
      record(3, [
        resident(types.volumeName, Buffer.from(this.label, 'utf16le')),
        resident(types.volumeInformation, this.#volumeInformation()),
      ]),
      record(5, [resident(types.indexRoot, indexRoot(this.root), '$I30')], { isDirectory: true }),
      record(6, [this.stream(data, this.bitmapRuns)]),
      record(8, [resident(data, Buffer.alloc(0)), bad]),
    ]);
  }

  #bootSector(): Buffer {
    const boot = Buffer.alloc(512);
    boot.write('NTFS    ', 3, 'latin1');
    boot.writeUInt16LE(this.sectorSize, 11);
    const perCluster = this.clusterSize / this.sectorSize;
    boot.writeUInt8(perCluster <= 128 ? perCluster : 256 - Math.log2(perCluster), 13);
    boot.writeUInt8(0xf8, 21);
    boot.writeBigUInt64LE(BigInt(this.clusterCount * perCluster + this.tailSectors), 40);
    boot.writeBigUInt64LE(BigInt(this.mftRuns[0]!.lcn), 48);
    boot.writeBigUInt64LE(BigInt(this.mirrorRun.lcn), 56);
    const perRecord = this.recordSize / this.clusterSize;
    boot.writeInt8(perRecord >= 1 ? perRecord : -Math.log2(this.recordSize), 64);
    boot.writeBigUInt64LE(0x5cb4c084b4c061den, 72);
    boot.writeUInt16LE(0xaa55, 510);
    return boot;
  }

  /** The volume with its backup boot sector; everything that is not written is 0xA5. */
  build(): Uint8Array {
    const volumeBytes = this.clusterCount * this.clusterSize + this.tailSectors * this.sectorSize;
    const image = new Uint8Array(volumeBytes + this.sectorSize).fill(0xa5);
    const boot = this.#bootSector();
    image.fill(0, 0, 8192).set(boot);
    image.set(boot, volumeBytes);
    const records = new Map([...this.#standardRecords(), ...this.records]);
    const table = new Uint8Array(clustersOf(this.mftRuns) * this.clusterSize);
    for (const [number, bytes] of records) table.set(bytes, number * this.recordSize);
    this.#write(image, this.mftRuns, table);
    this.#write(image, [this.mirrorRun], table.subarray(0, 4 * this.recordSize));
    const log = Buffer.alloc(16384, 0xff);
    log.set(this.log);
    this.#write(image, [this.logRun], log);
    this.#write(image, this.bitmapRuns, this.bitmap);
    for (const { offset, bytes } of this.patches) image.set(bytes, offset);
    return image;
  }

  #write(image: Uint8Array, runs: readonly Run[], bytes: Uint8Array): void {
    let from = 0;
    for (const { lcn, count } of runs) {
      const length = Math.min(count * this.clusterSize, bytes.length - from);
      if (lcn !== HOLE) image.set(bytes.subarray(from, from + length), lcn * this.clusterSize);
      from += count * this.clusterSize;
    }
  }
}
