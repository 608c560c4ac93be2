/** Collects where the metadata of all groups of an ext file system is, whatever its bitmaps say. */
import { type Extents, ExtentsBuilder } from '../../base/extents.ts';
import { groupBlocks, groupStart, leadingMetadataBlocks, type Geometry } from './geometry.ts';
import type { GroupDescriptor } from './group-descriptors.ts';

export interface MetadataCollector {
  /** Adds what group `group` begins with: superblock, group descriptors, blocks reserved for more of them. */
  addLeading: (group: number) => void;
  /** Adds the bitmaps and the inode table of a group; they must lie inside the file system. */
  addPlaced: (descriptor: GroupDescriptor) => void;
  /** All that was added, and how many bytes of it were added more than once. */
  finish: () => { readonly extents: Extents; readonly overlapBytes: number };
}

export function collectMetadata(g: Geometry): MetadataCollector {
  // Each kind ascends by itself, which keeps the building cheap.
  const leading = new ExtentsBuilder();
  const blockBitmaps = new ExtentsBuilder();
  const inodeBitmaps = new ExtentsBuilder();
  const inodeTables = new ExtentsBuilder();
  let blocks = 0;
  const add = (builder: ExtentsBuilder, block: number, count: number): void => {
    builder.add(block * g.blockSize, count * g.blockSize);
    blocks += count;
  };
  return {
    addLeading(group) {
      const count = Math.min(leadingMetadataBlocks(g, group), groupBlocks(g, group));
      add(leading, groupStart(g, group), count);
    },
    addPlaced(descriptor) {
      add(blockBitmaps, descriptor.blockBitmap, 1);
      add(inodeBitmaps, descriptor.inodeBitmap, 1);
      add(inodeTables, descriptor.inodeTable, g.inodeTableBlocks);
    },
    finish() {
      const extents = leading
        .finish()
        .union(blockBitmaps.finish())
        .union(inodeBitmaps.finish())
        .union(inodeTables.finish());
      return { extents, overlapBytes: blocks * g.blockSize - extents.totalBytes };
    },
  };
}
