/** The multiple mount protection block of ext4. See "Multiple Mount Protection" of the kernel's ext4 documentation. */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import type { Geometry } from './geometry.ts';

const MAGIC = 0x004d4d50;
const SEQUENCE_CLEAN = 0xff4d4d50;
const SEQUENCE_FSCK = 0xe24d4d50;

export interface MultiMountState {
  readonly state: 'free' | 'checking' | 'mounted';
  /** The machine that wrote the block last. */
  readonly node: string;
}

/** Who last said that the file system is theirs. Throws `structure/invalid` if the block is not sound. */
export async function readMultiMountState(reader: BlockReader, g: Geometry): Promise<MultiMountState> {
  const block = g.superblock.mmpBlock;
  const offset = block * g.blockSize;
  const structure = 'ext multiple mount protection block';
  if (block <= g.firstDataBlock || block >= g.blockCount)
    new Fields(new Uint8Array(0), structure).fail('is outside the file system', offset);
  const f = new Fields(await reader.read(offset, 1024), structure);
  if (f.u32(0) !== MAGIC) f.fail('is none', offset);
  const sequence = f.u32(4);
  return {
    state: sequence === SEQUENCE_CLEAN ? 'free' : sequence === SEQUENCE_FSCK ? 'checking' : 'mounted',
    node: f.utf8(0x10, 64),
  };
}
