/**
 * New identifiers for the disk and its partitions, in the table as it is on the disk: both copies of a GPT (UEFI
 * 2.10, sections 5.3.2 and 5.3.3), the signature of an MBR. Nothing is written here.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { encodeGptHeader, encodeGuid, gptArrayCrc } from './gpt.ts';
import type { PartitionTable } from './partition-table.ts';
import { isValidCopy, readGpt, type GptCopy } from './read-gpt.ts';
import type { TableWrite } from './relocate.ts';
import { say } from '../base/remarks.ts';

const SIGNATURE_OFFSET = 440;

/**
 * The writes that give what `renewed` has (old identifiers in lower case to new ones) to the table that `reader` has.
 * In an order in which one copy of a GPT is whole at any moment, if each group is flushed before the next.
 */
export async function renewTable(
  reader: BlockReader,
  table: PartitionTable,
  renewed: ReadonlyMap<string, string>,
): Promise<TableWrite[][]> {
  if (table.kind === 'mbr') {
    const signature = renewed.get(table.diskId);
    if (signature === undefined) return [];
    const bytes = Buffer.from(await reader.read(0, table.sectorSize));
    bytes.writeUInt32LE(parseInt(signature, 16), SIGNATURE_OFFSET);
    return [[{ offset: 0, bytes, what: say('part/mbr') }]];
  }
  if (table.kind !== 'gpt') return [];
  const { primary, backup } = await readGpt(reader, table.sectorSize);
  return [
    ...(isValidCopy(backup) ? [renewCopy(backup, table.sectorSize, renewed, 'backup')] : []),
    ...(isValidCopy(primary) ? [renewCopy(primary, table.sectorSize, renewed, 'primary')] : []),
  ];
}

function renewCopy(
  { header, headerSector, array, entries }: GptCopy,
  sectorSize: number,
  renewed: ReadonlyMap<string, string>,
  name: 'primary' | 'backup',
): TableWrite[] {
  const bytes = Buffer.alloc(Math.ceil(array.length / sectorSize) * sectorSize);
  bytes.set(array);
  for (const { number, partitionGuid } of entries) {
    const to = renewed.get(partitionGuid);
    if (to !== undefined) bytes.set(encodeGuid(to), (number - 1) * header.entryBytes + 16);
  }
  const diskGuid = renewed.get(header.diskGuid) ?? header.diskGuid;
  const arrayCrc = gptArrayCrc(bytes.subarray(0, array.length));
  return [
    { offset: header.arraySector * sectorSize, bytes, what: say(`part/${name}-entries`) },
    {
      offset: header.ownSector * sectorSize,
      bytes: encodeGptHeader({ ...header, diskGuid, arrayCrc }, headerSector),
      what: say(`part/${name}-header`),
    },
  ];
}
