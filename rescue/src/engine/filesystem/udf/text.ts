/**
 * Text in UDF and the volume's UUID, which is made of it.
 * Layout: OSTA UDF 2.60, 2.1.1 "Character sets" and 2.1.3 "Dstrings"; the UUID: udftools, "UUID of UDF".
 */

/** The text of the dstring in `bytes`, whose last byte is its length; empty where that makes no sense. */
export function parseDstring(bytes: Uint8Array): string {
  const length = Math.min(bytes[bytes.length - 1]!, bytes.length - 1);
  if (length < 2) return '';
  const characters = Buffer.from(bytes.subarray(1, length));
  // 8: one byte per character; 16: two, the high one first. 254 and 255 are the same for names of files.
  if (bytes[0] === 8 || bytes[0] === 254) return characters.toString('latin1');
  if (bytes[0] !== 16 && bytes[0] !== 255) return '';
  return characters
    .subarray(0, characters.length & ~1)
    .swap16()
    .toString('utf16le');
}

/**
 * The UUID that Linux shows: 16 characters out of the start of the volume set identifier in `bytes`. That is
 * 16 hex digits on volumes as UDF wants them; bytes that are none are written as hex.
 */
export function volumeSetUuid(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(parseDstring(bytes), 'utf8');
  if (text.length < 8) return undefined;
  const head = Buffer.alloc(16);
  text.copy(head, 0, 0, 16);
  const digits = /^[0-9a-fA-F]*/.exec(head.toString('latin1'))![0].length;
  if (digits === 16) return head.toString('latin1').toLowerCase();
  if (digits >= 8) return head.toString('latin1', 0, 8).toLowerCase() + head.toString('hex', 8, 12);
  return head.toString('hex', 0, 8);
}
