/**
 * The names in the directories of XFS: those inside an inode, and blocks. Follows "XFS Algorithms & Data
 * Structures", chapter "Directories". All fields are big-endian.
 */
import type { Fields } from '../../base/fields.ts';

export interface NamedInode {
  readonly name: string;
  readonly inode: number;
}

const BLOCK_FORM: ReadonlySet<number> = new Set([0x58443242, 0x58444233]); // XD2B, XDB3
const DATA_FORM: ReadonlySet<number> = new Set([0x58443244, 0x58444433]); // XD2D, XDD3
const UNUSED = 0xffff;

/** Names of a directory that is all in `fork`, its inode's data fork. `hasTypes`: entries say what they lead to. */
export function* shortEntries(fork: Fields, hasTypes: boolean): Generator<NamedInode> {
  const count = fork.u8(0);
  const hasLong = fork.u8(1) > 0;
  let at = 2 + (hasLong ? 8 : 4);
  for (let i = 0; i < count; i++) {
    const length = fork.u8(at);
    const name = Buffer.from(fork.slice(at + 3, length)).toString('utf8');
    at += 3 + length + (hasTypes ? 1 : 0);
    yield { name, inode: hasLong ? fork.u64be(at) : fork.u32be(at) };
    at += hasLong ? 8 : 4;
  }
}

/** Names in a block of a directory, without `.` and `..`. */
export function* directoryEntries(block: Fields, version: number, hasTypes: boolean): Generator<NamedInode> {
  const magic = block.u32be(0);
  const isAlone = BLOCK_FORM.has(magic);
  if (!isAlone && !DATA_FORM.has(magic)) block.fail('has no magic');
  // The only block of a directory has the hashes of its names at its end.
  const end = isAlone ? block.length - 8 - 8 * block.u32be(block.length - 8) : block.length;
  if (end < 0) block.fail('has more names than room');
  for (let at = version === 5 ? 64 : 16; at + 8 <= end;) {
    if (block.u16be(at) === UNUSED) {
      const length = block.u16be(at + 2);
      if (length < 8) block.fail(`free space of ${length} bytes`, at);
      at += length;
      continue;
    }
    const nameLength = block.u8(at + 8);
    const name = Buffer.from(block.slice(at + 9, nameLength)).toString('utf8');
    if (name !== '.' && name !== '..') yield { name, inode: block.u64be(at) };
    at += Math.ceil((8 + 1 + nameLength + (hasTypes ? 1 : 0) + 2) / 8) * 8;
  }
}
