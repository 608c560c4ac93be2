/** Turns an MBR and its chains of logical partitions into a partition table. */
import type { BlockReader } from '../base/block-reader.ts';
import { isExtendedType, readExtendedChain, type Mbr, type MbrEntry } from './mbr.ts';
import { mbrTypeId, nestedTypeReason, partitionTypeName } from './partition-types.ts';
import type { Doubt, DoubtfulArea, MbrTable, Partition, TableStructure } from './partition-table.ts';
import { asIs, type Said, say } from '../base/remarks.ts';

/** The table of a disk whose first sector holds `mbr`, with sectors of `sectorSize` bytes. */
export async function readMbrTable(
  reader: BlockReader,
  sectorSize: number,
  mbr: Mbr,
  earlierWarnings: readonly Said[],
): Promise<MbrTable> {
  const diskId = mbr.diskSignature.toString(16).padStart(8, '0');
  const warnings = [...earlierWarnings];
  const partitions: Partition[] = [];
  const doubtful: DoubtfulArea[] = [];
  const extended: { number: number; start: number; length: number }[] = [];
  const structures: TableStructure[] = [{ what: say('part/mbr'), start: 0, length: sectorSize }];

  const place = (
    number: number,
    entry: { startSector: number; sectorCount: number },
  ): { start: number; length: number; doubt?: Doubt } | undefined => {
    const start = entry.startSector * sectorSize;
    const end = start + entry.sectorCount * sectorSize;
    if (start >= reader.sizeBytes) {
      warnings.push(say('table/far-behind-disk', { number, farBytes: start - reader.sizeBytes }));
      return undefined;
    }
    if (end <= reader.sizeBytes) return { start, length: end - start };
    const reason = say('doubt/ends-far-behind', { number, farBytes: end - reader.sizeBytes });
    warnings.push(say('table/rest-taken-whole', { doubt: capital(reason) }));
    return { start, length: reader.sizeBytes - start, doubt: { code: 'inconsistent', reason } };
  };
  const add = (
    number: number,
    entry: { status: number; type: number; startSector: number; sectorCount: number },
    logical: boolean,
    doubt?: Doubt,
  ): void => {
    const placed = place(number, entry);
    if (placed === undefined) return;
    const typeId = mbrTypeId(entry.type);
    const nested = nestedTypeReason(typeId);
    const why =
      doubt ?? placed.doubt ?? (nested === undefined ? undefined : unsupported(number, nested, warnings));
    partitions.push({
      number,
      start: placed.start,
      length: placed.length,
      typeId,
      typeName: partitionTypeName(typeId),
      partitionId: `${diskId}-${number.toString(16).padStart(2, '0')}`,
      bootable: entry.status === 0x80,
      logical,
      ...(why === undefined ? {} : { doubt: why }),
    });
  };

  const containers: MbrEntry[] = [];
  for (const entry of mbr.entries) {
    if (entry.sectorCount === 0) continue;
    if (isExtendedType(entry.type)) containers.push(entry);
    else add(entry.slot, entry, false);
  }
  let number = 5;
  for (const container of containers) {
    const placed = place(container.slot, container);
    if (placed === undefined) continue;
    const { start, length } = placed;
    extended.push({ number: container.slot, start, length });
    const chain = await readExtendedChain(reader, sectorSize, container.startSector, container.sectorCount);
    for (const sector of chain.recordSectors) {
      structures.push({ what: say('part/extended'), start: sector * sectorSize, length: sectorSize });
    }
    if (chain.problem !== undefined) {
      const { code, reason } = chain.problem;
      warnings.push(say('table/extended-taken-whole', { doubt: capital(reason), number: container.slot }));
      doubtful.push({ start, length, doubt: { code, reason } });
    }
    for (const logical of chain.logicals) {
      const end = logical.startSector + logical.sectorCount;
      const inside =
        logical.startSector >= container.startSector && end <= container.startSector + container.sectorCount;
      const doubt: Doubt | undefined = inside
        ? undefined
        : {
            code: 'inconsistent',
            reason: say('doubt/logical-outside', { number, otherNumber: container.slot }),
          };
      if (doubt !== undefined) warnings.push(say('table/taken-whole', { doubt: capital(doubt.reason) }));
      add(number, logical, true, doubt);
      number++;
    }
  }

  structures.sort((a, b) => a.start - b.start);
  return {
    kind: 'mbr',
    sectorSize,
    sizeBytes: reader.sizeBytes,
    diskId,
    partitions,
    extended,
    structures,
    doubtful,
    warnings,
  };
}

/** The doubt about a partition of a type that holds more than one file system, with its warning. */
export function unsupported(number: number, why: Said, warnings: Said[]): Doubt {
  const reason = say('doubt/kind', { number, kind: why });
  warnings.push(say('table/doubt', { doubt: capital(reason) }));
  return { code: 'unsupported', reason };
}

/** `text` with a capital first letter, to begin a sentence. */
export function capital(text: string): Said {
  return asIs(text.slice(0, 1).toUpperCase() + text.slice(1));
}
