/**
 * Multicast DNS, as far as asking who offers a service goes: queries (RFC 6762, 5.1 and 6.7: from a port of one's own,
 * so that answers come back to it alone) and what answers say (RFC 1035, 4.1; RFC 2782; RFC 6763). Anybody on the
 * network can answer, with anything: what does not add up is passed over, and nothing here allocates by what it says.
 */

export const MDNS_ADDRESS = '224.0.0.251';
export const MDNS_PORT = 5353;

const types = { A: 1, PTR: 12, TXT: 16, SRV: 33 } as const;
const CLASS_IN = 1;
/** The answer may come to the asker alone. */
const UNICAST = 0x8000;

const MOST_RECORDS = 256;
const MOST_JUMPS = 16;
const MOST_NAME_BYTES = 255;

/** A name as its labels; a label can hold any character, also a dot. */
export type DnsName = readonly string[];

export type DnsRecord = { readonly name: DnsName } & (
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'PTR'; readonly target: DnsName }
  | { readonly type: 'TXT'; readonly texts: readonly string[] }
  | { readonly type: 'SRV'; readonly port: number; readonly target: DnsName }
);

/** A query for records of `type` of each of `names`. Throws RangeError for a label over 63 bytes. */
export function encodeQuery(names: readonly DnsName[], type: 'A' | 'PTR' | 'TXT' | 'SRV'): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(names.length, 4);
  const questions = names.map((name) => {
    const tail = Buffer.alloc(4);
    tail.writeUInt16BE(types[type], 0);
    tail.writeUInt16BE(CLASS_IN | UNICAST, 2);
    return Buffer.concat([encodeName(name), tail]);
  });
  return Buffer.concat([header, ...questions]);
}

export function encodeName(name: DnsName): Buffer {
  const labels = name.map((label) => {
    const bytes = Buffer.from(label, 'utf8');
    if (bytes.length === 0 || bytes.length > 63) throw new RangeError(`a label of ${bytes.length} bytes`);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** The records of a message, as many as can be read. Never throws. */
export function parseRecords(message: Uint8Array): DnsRecord[] {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const records: DnsRecord[] = [];
  try {
    // Only answers.
    if (bytes.length < 12 || (bytes[2]! & 0x80) === 0) return [];
    let at = 12;
    for (let left = Math.min(bytes.readUInt16BE(4), MOST_RECORDS); left > 0; left--)
      at = readName(bytes, at).end + 4;
    const count = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
    for (let left = Math.min(count, MOST_RECORDS); left > 0; left--) {
      const { name, end } = readName(bytes, at);
      const type = bytes.readUInt16BE(end);
      const length = bytes.readUInt16BE(end + 8);
      const start = end + 10;
      at = start + length;
      if (at > bytes.length) break;
      const record = recordOf(bytes, name, type, start, length);
      if (record !== undefined) records.push(record);
    }
  } catch (error) {
    // It ends in the middle, or its names lead nowhere: what came before may be right.
    if (!(error instanceof RangeError)) throw error;
  }
  return records;
}

function recordOf(
  bytes: Buffer,
  name: DnsName,
  type: number,
  start: number,
  length: number,
): DnsRecord | undefined {
  switch (type) {
    case types.A:
      return length === 4
        ? { name, type: 'A', address: [...bytes.subarray(start, start + 4)].join('.') }
        : undefined;
    case types.PTR:
      return { name, type: 'PTR', target: readName(bytes, start).name };
    case types.SRV:
      return length < 7
        ? undefined
        : { name, type: 'SRV', port: bytes.readUInt16BE(start + 4), target: readName(bytes, start + 6).name };
    case types.TXT: {
      const texts: string[] = [];
      for (let at = start; at < start + length; at += 1 + bytes[at]!)
        texts.push(bytes.toString('utf8', at + 1, Math.min(at + 1 + bytes[at]!, start + length)));
      return { name, type: 'TXT', texts };
    }
    default:
      return undefined;
  }
}

/** The name at `at`, and where what follows it begins. Throws RangeError where there is none. */
function readName(bytes: Buffer, at: number): { name: DnsName; end: number } {
  const name: string[] = [];
  let end: number | undefined;
  let total = 0;
  for (let jumps = 0; ;) {
    const length = bytes.readUInt8(at);
    if (length === 0) return { name, end: end ?? at + 1 };
    if (length >= 0xc0) {
      end ??= at + 2;
      if (++jumps > MOST_JUMPS) throw new RangeError('a name that leads back to itself');
      at = bytes.readUInt16BE(at) & 0x3fff;
      continue;
    }
    total += length + 1;
    if (length > 63 || total > MOST_NAME_BYTES || at + 1 + length > bytes.length)
      throw new RangeError('a name that is too long');
    name.push(bytes.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
}

/** Two names are the same if these are. */
export function nameKey(name: DnsName): string {
  return name.map((label) => label.toLowerCase()).join('\0');
}
