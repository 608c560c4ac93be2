/**
 * The manifest of an image: a small, readable, sealed JSON file. It is the commit point of the image: once it
 * has its name, everything it refers to is durable.
 */
import { type Said, say } from '../base/remarks.ts';
import { PermafrostError } from '../base/errors.ts';
import { FORMAT_VERSION, KNOWN_REQUIREMENTS } from './format.ts';

/** How to reach the chunks of a region. */
export interface RegionContent {
  /** Number of chunks: the region's length in chunks, rounded up. */
  readonly chunks: number;
  /** Number of page levels above the chunks, at least 1. */
  readonly levels: number;
  /** `unused` or `zero` if that is all there is, else the id of the topmost page, 64 hex digits. */
  readonly root: string;
}

/** Sums over a region, in bytes. They are what `show` prints; nothing is decided by them. */
export interface RegionSums {
  readonly usedBytes: number;
  readonly dataBytes: number;
  readonly zeroBytes: number;
  readonly badBytes: number;
}

/** What a region's file system said of itself, kept for people and for choosing images. */
export interface RegionFileSystem {
  readonly kind: string;
  readonly label?: string;
  readonly uuid?: string;
  readonly sizeBytes?: number;
  readonly blockSize?: number;
  readonly state: string;
}

export interface ImagedRegion {
  readonly kind: 'head' | 'partition' | 'gap' | 'tail' | 'whole';
  /** For people, for example `partition 2`. */
  readonly name: string;
  /** Extent on the disk, in bytes. */
  readonly start: number;
  readonly length: number;
  /** Numbers of the partitions it stands for: one, or several that overlap. */
  readonly partitions: readonly number[];
  readonly fileSystem?: RegionFileSystem;
  /** Why everything in it is used, if that is so. */
  readonly raw?: string;
  /** What `--trust-bitmap` overrode. */
  readonly overridden?: string;
  readonly warnings: readonly Said[];
  /** Absent for regions that were left out (`--partition`). */
  readonly content?: RegionContent;
  readonly sums: RegionSums;
}

export interface ImagedPartition {
  readonly number: number;
  readonly start: number;
  readonly length: number;
  readonly typeId: string;
  readonly typeName?: string;
  readonly name?: string;
  readonly partitionId?: string;
}

/** The disk an image was made of. */
export interface ImagedDisk {
  /** 1, 2, … within the image: what `--disk` names. */
  readonly number: number;
  readonly path: string;
  readonly model?: string;
  readonly serial?: string;
  readonly wwn?: string;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly table: {
    readonly kind: string;
    readonly diskId?: string;
    readonly partitions: readonly ImagedPartition[];
  };
  readonly regions: readonly ImagedRegion[];
}

/** A whole image. */
export interface Manifest {
  readonly permafrost: 'image';
  readonly version: typeof FORMAT_VERSION;
  readonly requires: readonly string[];
  readonly repository: string;
  readonly chunkBytes: number;
  readonly idScheme: string;
  /** 32 hex digits, also the file's name. */
  readonly id: string;
  /** Orders the images of a repository; clocks do not. */
  readonly sequence: number;
  readonly name: string;
  /** ISO 8601, for people: the clock may be wrong. */
  readonly created: string;
  readonly program: string;
  readonly machine: { readonly hostname: string; readonly id?: string; readonly model?: string };
  readonly disks: readonly ImagedDisk[];
  readonly warnings: readonly Said[];
}

const MAX_REGIONS = 100_000;
const SECTOR_SIZES: readonly number[] = [512, 1024, 2048, 4096];
const REGION_KINDS: readonly string[] = ['head', 'partition', 'gap', 'tail', 'whole'];
/** Of an MBR, or a GUID. */
const TYPE_ID = /^(0x[0-9a-f]{2}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** Longest text in a manifest, in UTF-16 units. */
export const MAX_TEXT_LENGTH = 4096;

/** Checks that an unsealed JSON value is a manifest this version reads. Throws `structure/invalid`. */
export function checkManifest(value: Record<string, unknown>, id: string): Manifest {
  const c = new Checker('image manifest');
  if (value['permafrost'] !== 'image') c.fail(say('damage/no-manifest'));
  if (value['version'] !== FORMAT_VERSION)
    c.fail(
      say('damage/manifest-version', {
        version: String(value['version']),
        known: String(FORMAT_VERSION),
      }),
    );
  const unknown = c
    .strings(value['requires'], 'requires')
    .filter((name) => !KNOWN_REQUIREMENTS.includes(name));
  if (unknown.length > 0) c.fail(say('damage/needs', { list: unknown.join(', ') }));
  if (value['id'] !== id) c.fail(say('damage/other-image'));
  for (const key of ['repository', 'idScheme', 'name', 'created', 'program']) c.string(value[key], key);
  c.strings(value['warnings'], 'warnings');
  c.string(c.object(value['machine'], 'machine')['hostname'], 'machine.hostname');
  c.count(value['sequence'], 'sequence');
  const chunkBytes = c.count(value['chunkBytes'], 'chunkBytes');
  c.array(value['disks'], 'disks').forEach((disk, i) =>
    checkDisk(c, c.object(disk, `disks[${i}]`), chunkBytes),
  );
  return value as unknown as Manifest;
}

function checkDisk(c: Checker, disk: Record<string, unknown>, chunkBytes: number): void {
  c.count(disk['number'], 'disk number');
  c.string(disk['path'], 'disk path');
  for (const key of ['model', 'serial', 'wwn']) if (disk[key] !== undefined) c.string(disk[key], key);
  const sizeBytes = c.count(disk['sizeBytes'], 'disk size');
  if (!SECTOR_SIZES.includes(c.count(disk['sectorSize'], 'sector size'))) c.fail(say('damage/sectors'));
  const table = c.object(disk['table'], 'table');
  c.string(table['kind'], 'table kind');
  for (const item of c.array(table['partitions'], 'partitions')) {
    const partition = c.object(item, 'partition');
    for (const key of ['number', 'start', 'length']) c.count(partition[key], `partition ${key}`);
    if (!TYPE_ID.test(c.string(partition['typeId'], 'partition type')))
      c.fail(say('damage/no-usable', { field: 'partition type' }));
    for (const key of ['name', 'partitionId'])
      if (partition[key] !== undefined) c.string(partition[key], `partition ${key}`);
  }
  const regions = c.array(disk['regions'], 'regions');
  if (regions.length > MAX_REGIONS) c.fail(say('damage/region-count', { regionCount: regions.length }));
  let end = 0;
  for (const item of regions) {
    const region = c.object(item, 'region');
    if (!REGION_KINDS.includes(c.string(region['kind'], 'region kind'))) c.fail(say('damage/region-kind'));
    c.string(region['name'], 'region name');
    const start = c.count(region['start'], 'region start');
    const length = c.count(region['length'], 'region length');
    if (start !== end || length === 0 || (region['kind'] === 'head' && start !== 0))
      c.fail(say('damage/tiling'));
    end = start + length;
    c.array(region['partitions'], 'region partitions').forEach((number) =>
      c.count(number, 'region partition'),
    );
    c.strings(region['warnings'], 'region warnings');
    if (region['fileSystem'] !== undefined) checkFileSystem(c, c.object(region['fileSystem'], 'file system'));
    const sums = c.object(region['sums'], 'region sums');
    for (const key of ['usedBytes', 'dataBytes', 'zeroBytes', 'badBytes']) c.count(sums[key], key);
    if (region['content'] !== undefined)
      checkContent(c, c.object(region['content'], 'content'), length, chunkBytes);
  }
  if (end !== sizeBytes) c.fail(say('damage/tiling'));
}

function checkFileSystem(c: Checker, fileSystem: Record<string, unknown>): void {
  for (const key of ['kind', 'state']) c.string(fileSystem[key], `file system ${key}`);
  for (const key of ['label', 'uuid'])
    if (fileSystem[key] !== undefined) c.string(fileSystem[key], `file system ${key}`);
  for (const key of ['sizeBytes', 'blockSize'])
    if (fileSystem[key] !== undefined) c.count(fileSystem[key], `file system ${key}`);
}

function checkContent(
  c: Checker,
  content: Record<string, unknown>,
  length: number,
  chunkBytes: number,
): void {
  const chunks = c.count(content['chunks'], 'content chunks');
  if (chunks !== Math.ceil(length / chunkBytes)) c.fail(say('damage/region-chunks'));
  const levels = c.count(content['levels'], 'content levels');
  if (levels < 1 || levels > 8) c.fail(say('damage/tree-levels', { levels: String(levels) }));
  const root = c.string(content['root'], 'content root');
  if (!/^(unused|zero|[0-9a-f]{64})$/.test(root)) c.fail(say('damage/root'));
}

/** Type checks that name the field and the file. */
export class Checker {
  readonly #structure: string;

  constructor(structure: string) {
    this.#structure = structure;
  }

  fail(problem: Said): never {
    throw new PermafrostError('structure/invalid', { structure: this.#structure, problem });
  }

  string(value: unknown, key: string): string {
    if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH)
      this.fail(say('damage/no-usable', { field: key }));
    return value;
  }

  count(value: unknown, key: string): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      this.fail(say('damage/no-usable', { field: key }));
    return value;
  }

  array(value: unknown, key: string): unknown[] {
    if (!Array.isArray(value)) this.fail(say('damage/no-usable', { field: key }));
    return value as unknown[];
  }

  strings(value: unknown, key: string): string[] {
    return this.array(value, key).map((item) => this.string(item, key));
  }

  object(value: unknown, key: string): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      this.fail(say('damage/no-usable', { field: key }));
    return value as Record<string, unknown>;
  }
}
