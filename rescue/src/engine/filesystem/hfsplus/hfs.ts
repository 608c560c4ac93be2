/**
 * The older HFS, by its master directory block: named, not mapped. A volume of HFS Plus can lie inside one, as
 * Mac OS 8 and 9 made it.
 * Layout: "Inside Macintosh: Files", "Master Directory Blocks"; Apple Technical Note TN1150, "HFS Wrapper".
 */
import { Fields } from '../../base/fields.ts';
import type { FileSystemInfo } from '../file-system.ts';
import { volumeUuid } from './volume-header.ts';

/** What the 512 bytes 1 KiB into a volume say if they are such a block, else `undefined`. */
export function parseHfs(bytes: Uint8Array): FileSystemInfo | undefined {
  const block = new Fields(bytes, 'HFS master directory block');
  if (block.u16be(0) !== 0x4244) return undefined;
  const blockSize = block.u32be(20);
  const blockCount = block.u16be(18);
  if (blockSize === 0 || blockSize % 512 !== 0 || blockCount === 0)
    block.fail(`has ${blockCount} blocks of ${blockSize} bytes`);
  const embedded = block.u16be(124) === 0x482b || block.u16be(124) === 0x4858;
  const label = new TextDecoder('macintosh').decode(block.slice(37, Math.min(block.u8(36), 27)));
  const uuid = volumeUuid(block.slice(116, 8));
  return {
    kind: 'hfs',
    ...(label === '' ? {} : { label }),
    ...(uuid === undefined ? {} : { uuid }),
    // Allocation blocks start at sector `u16 at 28`; the backup of this block and a reserved sector follow them.
    sizeBytes: block.u16be(28) * 512 + blockCount * blockSize + 1024,
    blockSize,
    state: (block.u16be(10) & 0x100) !== 0 ? 'clean' : 'dirty',
    details: { wraps: embedded ? 'HFS Plus' : 'nothing' },
  };
}
