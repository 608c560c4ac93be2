/** The attributes of an NTFS file record: names, values, and where values that did not fit in lie. */
import type { Fields } from '../../base/fields.ts';

/** Attribute types ($AttrDef) that are read here. */
export const attributeTypes = {
  attributeList: 0x20,
  volumeName: 0x60,
  volumeInformation: 0x70,
  data: 0x80,
  indexRoot: 0x90,
  indexAllocation: 0xa0,
  bitmap: 0xb0,
} as const;

const END_OF_ATTRIBUTES = 0xffffffff;

interface AttributeBase {
  readonly type: number;
  /** Empty for the unnamed one. */
  readonly name: string;
  readonly instance: number;
  /** The content is not simply the clusters in order: compressed or encrypted. */
  readonly isEncoded: boolean;
}

export interface ResidentAttribute extends AttributeBase {
  readonly resident: true;
  readonly value: Fields;
}

/** One extent of a non-resident attribute; the sizes are those of the first extent alone. */
export interface NonResidentAttribute extends AttributeBase {
  readonly resident: false;
  readonly lowestVcn: number;
  /** Last cluster of this extent, inclusive; -1 in an empty one. */
  readonly highestVcn: number;
  readonly allocatedBytes: number;
  readonly dataBytes: number;
  /** From here on the content reads as zeros, whatever the clusters hold. */
  readonly initializedBytes: number;
  readonly mappingPairs: Fields;
}

export type Attribute = ResidentAttribute | NonResidentAttribute;

/**
 * Calls `visit` with offset and length of each attribute of `record` (fixups applied), from `offset` to the end
 * marker, which must come within `usedBytes`. Throws `structure/invalid`.
 */
export function forEachAttribute(
  record: Fields,
  offset: number,
  usedBytes: number,
  visit: (offset: number, length: number) => void,
): void {
  let at = offset;
  while (at + 4 <= usedBytes) {
    const type = record.u32(at);
    if (type === END_OF_ATTRIBUTES) return;
    const length = record.u32(at + 4);
    if (length < 24 || length % 8 !== 0 || at + length > usedBytes)
      record.fail(`has an attribute 0x${type.toString(16)} of ${length} bytes`, at);
    visit(at, length);
    at += length;
  }
  record.fail('has no end of its attributes', at);
}

/** The attribute in `attribute`, a view into its bytes. Throws `structure/invalid`. */
export function parseAttribute(attribute: Fields): Attribute {
  const nameLength = attribute.u8(9);
  const base: AttributeBase = {
    type: attribute.u32(0),
    name: nameLength === 0 ? '' : attribute.utf16(attribute.u16(10), 2 * nameLength),
    instance: attribute.u16(14),
    isEncoded: (attribute.u16(12) & 0x40ff) !== 0,
  };
  if (!isNonResident(attribute, 0))
    return { ...base, resident: true, value: attribute.sub(attribute.u16(20), attribute.u32(16)) };
  const lowestVcn = attribute.u64(16);
  return {
    ...base,
    resident: false,
    lowestVcn,
    highestVcn: attribute.bigU64(24) === 0xffffffffffffffffn ? -1 : attribute.u64(24),
    // Later extents leave their sizes unset.
    allocatedBytes: lowestVcn === 0 ? attribute.u64(40) : 0,
    dataBytes: lowestVcn === 0 ? attribute.u64(48) : 0,
    initializedBytes: lowestVcn === 0 ? attribute.u64(56) : 0,
    mappingPairs: mappingPairsOf(attribute, 0, attribute.length),
  };
}

/** The mapping pairs of the non-resident attribute of `length` bytes at `offset` of `record`. */
export function mappingPairsOf(record: Fields, offset: number, length: number): Fields {
  const start = record.u16(offset + 32);
  return record.sub(offset + start, Math.max(0, length - start));
}

/** Whether the attribute at `offset` of `record` has its value elsewhere. */
export function isNonResident(record: Fields, offset: number): boolean {
  return record.u8(offset + 8) !== 0;
}
