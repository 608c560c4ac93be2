/**
 * Gives a disk that was written and read back the new identifiers of its plan: file systems first, then the files that
 * name what has changed or will, the table last. What fails keeps its old identifier, and what names it is left alone;
 * the result says of everything what it is now. The source is not touched.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { capital } from '../partition/mbr-table.ts';
import { renewTable } from '../partition/renew-table.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { readTable } from '../partition/table.ts';
import { replaceIds, type IdKey } from '../boot/named-ids.ts';
import { findNamingFiles, type NamingFile } from '../boot/naming-files.ts';
import { key, type NewIdsPlan, type RenewedId } from '../boot/new-ids.ts';
import { readVolumes, type Volume } from '../boot/volumes.ts';
import type { OpenDisk } from '../device/device.ts';
import { mendFiles } from './mend-file.ts';
import type { IdChange } from './new-ids-report.ts';
import { newFileSystemId, renewFileSystem } from './renew-file-system.ts';
import { flush, writePatches, wrongPatches } from './target-steps.ts';
import { type Said, say } from '../base/remarks.ts';

export interface NewIds {
  readonly changes: readonly IdChange[];
  /** Full sentences. */
  readonly unmended: readonly Said[];
  /** Old to new of all that changed, in lower case. */
  readonly renewed: ReadonlyMap<IdKey, string>;
  /** What ended it before its end. */
  readonly error?: PermafrostError;
}

/** Does what `plan` says for `disk`, open and written, with a table for sectors of `sectorSize` bytes. */
export async function giveNewIds(disk: OpenDisk, plan: NewIdsPlan, sectorSize: number): Promise<NewIds> {
  return new Giving(disk, plan, sectorSize).run();
}

type Renewed = Map<IdKey, string>;

class Giving {
  readonly #disk: OpenDisk;
  readonly #plan: NewIdsPlan;
  readonly #sectorSize: number;
  #changes: IdChange[] = [];
  readonly #unmended: Said[] = [];

  constructor(disk: OpenDisk, plan: NewIdsPlan, sectorSize: number) {
    this.#disk = disk;
    this.#plan = plan;
    this.#sectorSize = sectorSize;
  }

  async run(): Promise<NewIds> {
    const renewed: Renewed = new Map();
    let error: PermafrostError | undefined;
    try {
      await this.#give(renewed);
    } catch (thrown) {
      if (!isPermafrostError(thrown)) throw thrown;
      error = thrown;
      this.#unmended.push(say('new-ids/ended'));
    }
    const { changes, unmended } = { changes: this.#changes, unmended: this.#unmended };
    return { changes, unmended, renewed, ...(error === undefined ? {} : { error }) };
  }

  async #give(renewed: Renewed): Promise<void> {
    const { table, volumes } = await this.#read();
    const fileSystems: Renewed = new Map();
    for (const one of this.#plan.renewed)
      if (one.what === 'file-system' && (await this.#renew(one, volumes, fileSystems)))
        this.#changed(one, fileSystems.get(key(one.id))!);
    const ofTable = this.#tableIds(table);
    await this.#mend(fileSystems, ofTable);
    if (ofTable.size > 0) await this.#writeTable(table, ofTable);
    for (const [from, to] of [...fileSystems, ...ofTable]) renewed.set(from, to);
  }

  async #read(): Promise<{ table: PartitionTable; volumes: readonly Volume[] }> {
    await this.#disk.file.dropCache();
    const table = await readTable(this.#disk.reader, { sectorSize: this.#sectorSize });
    return { table, volumes: await readVolumes(this.#disk.reader, table) };
  }

  #changed({ what, place, partition, id }: RenewedId, to: string): void {
    const number = partition === undefined ? {} : { partition };
    this.#changes.push({ what, place, ...number, from: id, to });
  }

  /** Whether the file system has its new identifier. */
  async #renew(one: RenewedId, volumes: readonly Volume[], renewed: Renewed): Promise<boolean> {
    const { place, partition, kind, id } = one;
    const volume = volumes.find((v) => v.isPartition && v.partition?.number === partition);
    const keeps = (problem: Said): boolean => {
      this.#unmended.push(say('new-ids/keeps', { place, id, problem }));
      return false;
    };
    if (volume?.info.uuid !== id || kind === undefined) return keeps(say('new-ids/not-where-planned'));
    const to = newFileSystemId(kind);
    const start = volume.partition?.start ?? 0;
    const span = { start, length: volume.reader.sizeBytes };
    const failed = await renewFileSystem(this.#disk, {
      ...{ kind, span, from: id, to },
      sectorSize: this.#sectorSize,
    });
    if (failed?.hasOld === true) return keeps(failed.problem);
    if (failed !== undefined) {
      this.#unmended.push(say('new-ids/maybe-damaged', { place, problem: failed.problem }));
      return false;
    }
    renewed.set(key(id), to);
    return true;
  }

  /** Chosen now, written last. An MBR's partitions are called after its signature. */
  #tableIds(table: PartitionTable): Renewed {
    const ids: Renewed = new Map();
    for (const { what, id } of this.#plan.renewed) {
      if (what === 'disk' && table.kind === 'mbr') ids.set(key(id), randomBytes(4).toString('hex'));
      else if (what !== 'file-system' && table.kind === 'gpt') ids.set(key(id), randomUUID());
    }
    if (table.kind === 'mbr')
      for (const { partitionId } of table.partitions) {
        const signature = ids.get(table.diskId);
        if (partitionId !== undefined && signature !== undefined)
          ids.set(key(partitionId), `${signature}${partitionId.slice(8)}`);
      }
    return ids;
  }

  /** Mends files; if one that names the table's identifiers cannot be, those stay, and all that names them too. */
  async #mend(fileSystems: Renewed, ofTable: Renewed): Promise<void> {
    if (fileSystems.size + ofTable.size === 0) return;
    const failed = await this.#rewrite(new Map([...fileSystems, ...ofTable]));
    const lost = failed.filter(({ named }) => named.some(({ id }) => ofTable.has(id)));
    if (lost.length > 0) {
      const back = new Map([...ofTable].map(([from, to]) => [key(to), from]));
      const stuck = await this.#rewrite(back);
      this.#changes = this.#changes.filter(({ what, from }) => what !== 'reference' || fileSystems.has(from));
      for (const { path, volume, why } of stuck)
        this.#unmended.push(say('new-ids/names-missing', { file: path, place: volume.place, problem: why }));
      ofTable.clear();
      const last = lost.at(-1)!;
      const before = lost.slice(0, -1).map(({ path, volume }) => `${path} on ${volume.place}`);
      const file = [...before, last.path].join(' and ');
      this.#unmended.push(say('new-ids/table-keeps', { file, place: last.volume.place }));
    }
    for (const { path, volume, named, why } of failed)
      for (const id of new Set(named.map((one) => one.id)))
        if (fileSystems.has(id))
          this.#unmended.push(
            say('new-ids/names-old', {
              file: path,
              place: volume.place,
              id,
              to: fileSystems.get(id)!,
              problem: why,
            }),
          );
  }

  /** Rewrites all files that name what `renewed` has; those that could not be. */
  async #rewrite(renewed: Renewed): Promise<(NamingFile & { readonly why: Said })[]> {
    const { volumes } = await this.#read();
    const { files, unread } = await findNamingFiles(volumes, new Set(renewed.keys()));
    for (const { path, volume, problem } of unread)
      this.#unmended.push(say('new-ids/not-looked-into', { file: path, place: volume.place, problem }));
    const failed: (NamingFile & { readonly why: Said })[] = [];
    for (const volume of volumes) {
      const own = files.filter((file) => file.volume === volume);
      if (own.length === 0) continue;
      const problems = volume.isPartition
        ? await mendFiles(this.#disk, {
            kind: volume.info.kind,
            span: { start: volume.partition?.start ?? 0, length: volume.reader.sizeBytes },
            sectorSize: this.#sectorSize,
            files: own.map(({ path, bytes, named }) => ({
              path,
              before: bytes,
              after: replaceIds(bytes, named, renewed),
            })),
          })
        : new Map(own.map(({ path }) => [path, say('mend/logical-volume')]));
      for (const file of own) {
        const why = problems.get(file.path);
        if (why !== undefined) failed.push({ ...file, why });
        else
          for (const id of new Set(file.named.map((one) => one.id)))
            this.#changes.push({
              ...{ what: 'reference', place: volume.place, file: file.path },
              ...(volume.partition === undefined ? {} : { partition: volume.partition.number }),
              ...{ from: id, to: renewed.get(id)! },
            });
      }
    }
    return failed;
  }

  async #writeTable(table: PartitionTable, renewed: Renewed): Promise<void> {
    const { file, reader } = this.#disk;
    const groups = await renewTable(reader, table, renewed);
    for (const writes of groups) {
      await writePatches(file, writes);
      await flush(file);
    }
    await file.dropCache();
    const wrong = await wrongPatches(this.#disk, groups.flat());
    const [first] = wrong;
    if (first !== undefined)
      throw new PermafrostError('device/read-back-differs', {
        device: this.#disk.identity.path,
        ...first,
        count: wrong.length,
      });
    for (const one of this.#plan.renewed) {
      const to = renewed.get(key(one.id));
      if (one.what !== 'file-system' && to !== undefined) this.#changed(one, to);
    }
  }
}

const changedWhat = {
  disk: '',
  partition: ' in the table',
  'file-system': ', file system',
  reference: '',
} as const;

/** For people: `Partition 2, /etc/fstab: 1234-ABCD is now 5678-EFAB`. */
export function describeChange({ what, place, file, from, to }: IdChange): string {
  const where = file === undefined ? changedWhat[what] : `, ${file}`;
  return `${capital(place)}${where}: ${from} is now ${to}`;
}
