/**
 * Whether the journal of an HFS Plus volume holds changes that have not reached their place.
 * Layout: Apple Technical Note TN1150: "Journal".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import type { HfsplusHeader } from './volume-header.ts';

export type JournalState = 'empty' | 'not-empty' | 'other-device';

const IN_FILE_SYSTEM = 0x1;
const ON_OTHER_DEVICE = 0x2;
const NEEDS_INITIALISATION = 0x4;
const MAGIC = 0x4a4e4c78;
const ENDIAN = 0x12345678;
const HEADER_BYTES = 44;

/** The state of the journal. Throws `structure/invalid` if it does not add up. */
export async function readJournalState(reader: BlockReader, header: HfsplusHeader): Promise<JournalState> {
  const infoOffset = header.journalInfoBlock * header.blockSize;
  const info = new Fields(await reader.read(infoOffset, 512), 'HFS Plus journal info block');
  const flags = info.u32be(0);
  if ((flags & ON_OTHER_DEVICE) !== 0) return 'other-device';
  if ((flags & IN_FILE_SYSTEM) === 0) info.fail('says nowhere where the journal is');
  // Never used since it was made: the next mount writes its header.
  if ((flags & NEEDS_INITIALISATION) !== 0) return 'empty';

  const offset = info.u64be(36);
  const size = info.u64be(44);
  if (offset + size > header.totalBlocks * header.blockSize) info.fail('has the journal outside the volume');
  const bytes = await reader.read(offset, HEADER_BYTES);
  // The journal is written in the byte order of the machine that made it.
  const little = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) === ENDIAN;
  const journal = new Fields(bytes, 'HFS Plus journal header');
  const u32 = (at: number): number => (little ? journal.u32(at) : journal.u32be(at));
  const u64 = (at: number): number => (little ? journal.u64(at) : journal.u64be(at));
  if (u32(0) !== MAGIC || u32(4) !== ENDIAN) journal.fail('does not carry the magic number');
  const start = u64(8);
  const end = u64(16);
  if (start > u64(24) || end > u64(24) || u64(24) > size)
    journal.fail(`runs from ${start} to ${end} of ${u64(24)}`);
  return start === end ? 'empty' : 'not-empty';
}
