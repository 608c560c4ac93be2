/**
 * Linux swap areas, after mkswap's header (Linux `include/linux/swap.h`, `union swap_header`): used is the
 * first page alone, with its boot bits, header and list of bad pages. What was swapped out means nothing
 * after a shutdown, but an area that holds a hibernated system is used to its last page.
 */
import { type Said, say } from '../base/remarks.ts';
import type { BlockReader } from '../base/block-reader.ts';
import { Extents } from '../base/extents.ts';
import { Fields } from '../base/fields.ts';
import type { FileSystem, FileSystemInfo, RawReason } from './file-system.ts';
import { rawMap } from './raw-map.ts';

/** The signature is in the last 10 bytes of the first page; the area does not say how large pages are. */
const pageSizes = [4096, 8192, 16384, 32768, 65536] as const;
const headerOffset = 1024;

/** What stands in the place of the signature while a hibernated system waits in the area. */
const hibernations: readonly (readonly [signature: string, by: string])[] = [
  ['S1SUSPEND', 'the kernel'],
  ['S2SUSPEND', 'uswsusp'],
  ['ULSUSPEND', 'uswsusp'],
  ['LINHIB0001', 'the kernel'],
  ['\xed\xc3\x02\xe9\x98\x56\xe5\x0c', 'TuxOnIce'],
];

/** Recognises swap areas. A {@link import('./file-system.ts').Prober}. */
export async function probeSwap(reader: BlockReader): Promise<FileSystem | undefined> {
  for (const pageSize of pageSizes) {
    if (reader.sizeBytes < 2 * pageSize) return undefined;
    const signature = new Fields(await reader.read(pageSize - 10, 10), 'swap signature').bytes;
    const text = Buffer.from(signature).toString('latin1');
    if (text === 'SWAPSPACE2') return describeVersion1(reader, pageSize);
    if (text === 'SWAP-SPACE') return describeVersion0(reader, pageSize);
    const hibernation = hibernations.find(([magic]) => text.startsWith(magic));
    if (hibernation !== undefined) return describeHibernation(reader, pageSize, hibernation[1]);
  }
  return undefined;
}

function isHeader(header: Fields): 'little' | 'big' | undefined {
  if (header.u32(0) === 1) return 'little';
  return header.u32be(0) === 1 ? 'big' : undefined;
}

async function readIdentity(reader: BlockReader): Promise<{
  identity: Pick<FileSystemInfo, 'label' | 'uuid'>;
  lastPage?: number;
  bigEndian: boolean;
}> {
  const header = new Fields(await reader.read(headerOffset, 44), 'swap header');
  const order = isHeader(header);
  if (order === undefined) return { identity: {}, bigEndian: false };
  const label = header.utf8(28, 16);
  const uuid = header.uuid(12);
  return {
    identity: {
      ...(label === '' ? {} : { label }),
      ...(/[1-9a-f]/.test(uuid) ? { uuid } : {}),
    },
    lastPage: order === 'little' ? header.u32(4) : header.u32be(4),
    bigEndian: order === 'big',
  };
}

async function describeVersion1(reader: BlockReader, pageSize: number): Promise<FileSystem> {
  const { identity, lastPage, bigEndian } = await readIdentity(reader);
  const info: FileSystemInfo = {
    kind: 'swap',
    ...identity,
    blockSize: pageSize,
    state: 'clean',
    details: { version: 1, byteOrder: bigEndian ? 'big-endian' : 'little-endian' },
  };
  if (lastPage === undefined || lastPage === 0)
    return rawSwap(reader, info, 'inconsistent', 'its header has an unknown version or no pages');
  return withHeaderPage({ ...info, sizeBytes: (lastPage + 1) * pageSize }, pageSize);
}

/** Version 0 of Linux 1.x and 2.0: the first page is a bitmap of the pages that are good. */
async function describeVersion0(reader: BlockReader, pageSize: number): Promise<FileSystem> {
  const bitmap = await reader.read(0, pageSize - 10);
  let last = bitmap.length - 1;
  while (last >= 0 && bitmap[last] === 0) last--;
  const info: FileSystemInfo = { kind: 'swap', blockSize: pageSize, state: 'clean', details: { version: 0 } };
  if (last < 0) return rawSwap(reader, info, 'inconsistent', 'it has no pages');
  const lastPage = last * 8 + (31 - Math.clz32(bitmap[last]!));
  return withHeaderPage({ ...info, sizeBytes: (lastPage + 1) * pageSize }, pageSize);
}

function withHeaderPage(info: FileSystemInfo, pageSize: number): FileSystem {
  return {
    info,
    mapUsed: () => Promise.resolve({ used: Extents.single(0, pageSize), warnings: [] }),
  };
}

async function describeHibernation(reader: BlockReader, pageSize: number, by: string): Promise<FileSystem> {
  const { identity } = await readIdentity(reader);
  const info: FileSystemInfo = {
    kind: 'swap',
    ...identity,
    blockSize: pageSize,
    state: 'dirty',
    details: { hibernatedBy: by },
  };
  return rawSwap(reader, info, 'dirty', 'it holds a hibernated system', say('raw-remedy/hibernated'));
}

function rawSwap(
  reader: BlockReader,
  info: FileSystemInfo,
  code: RawReason['code'],
  reason: string,
  remedy?: Said,
): FileSystem {
  // What a clean shutdown would leave to be stored is the first page.
  const hint = remedy === undefined ? {} : { remedy, trustedBytes: info.blockSize ?? 0 };
  const raw: RawReason = { code, reason, ...hint };
  return { info, mapUsed: () => Promise.resolve(rawMap({ sizeBytes: reader.sizeBytes, reason: raw })) };
}
