/** $ATTRIBUTE_LIST: which records hold the attributes of a file that does not fit into one record. */
import type { Fields } from '../../base/fields.ts';
import { parseReference, type FileReference } from './record.ts';

export interface AttributeListEntry {
  readonly type: number;
  readonly name: string;
  readonly lowestVcn: number;
  readonly instance: number;
  /** Where the attribute is. */
  readonly reference: FileReference;
}

/** Windows keeps no longer list. */
export const MAX_ATTRIBUTE_LIST_BYTES = 256 * 1024;

/** The entries of `list`, in its order. Throws `structure/invalid`. */
export function parseAttributeList(list: Fields): AttributeListEntry[] {
  const entries: AttributeListEntry[] = [];
  for (let at = 0; at < list.length;) {
    const length = list.u16(at + 4);
    if (length < 26 || at + length > list.length) list.fail(`has an entry of ${length} bytes`, at);
    const entry = list.sub(at, length);
    const nameLength = entry.u8(6);
    entries.push({
      type: entry.u32(0),
      name: nameLength === 0 ? '' : entry.utf16(entry.u8(7), 2 * nameLength),
      lowestVcn: entry.u64(8),
      instance: entry.u16(24),
      reference: parseReference(entry, 16),
    });
    at += length;
  }
  return entries;
}
