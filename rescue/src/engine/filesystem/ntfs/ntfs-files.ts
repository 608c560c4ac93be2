/** Files of an NTFS volume. What Windows compressed or encrypted is not read. */
import type { BlockReader } from '../../base/block-reader.ts';
import { FileTree, type FileEntry, type FileNode } from '../file-tree.ts';
import { attributeTypes } from './attribute.ts';
import { BOOT_SECTOR_BYTES, parseBootSector } from './boot-sector.ts';
import { readDirectory } from './directory.ts';
import { Mft } from './mft.ts';
import { metadataFiles, type FileRecord } from './record.ts';
import { Stream } from './stream.ts';

/** The files of the volume on `reader`; `undefined` if it is none. Throws `structure/invalid`. */
export async function ntfsFiles(reader: BlockReader): Promise<FileTree | undefined> {
  if (reader.sizeBytes < BOOT_SECTOR_BYTES) return undefined;
  const geometry = parseBootSector(await reader.read(0, BOOT_SECTOR_BYTES));
  if (geometry === undefined || geometry.volumeBytes > reader.sizeBytes) return undefined;
  const mft = await Mft.open(reader, geometry);
  return new FileTree(async () => node(mft, await mft.readFile(metadataFiles.root)), { ignoresCase: true });
}

async function node(mft: Mft, record: FileRecord): Promise<FileNode> {
  if (record.isDirectory)
    return {
      kind: 'directory',
      sizeBytes: 0,
      entries: () => entries(mft, record),
      read: () => Promise.resolve(new Uint8Array(0)),
    };
  const data = await mft.readAttribute(record, attributeTypes.data, '');
  return {
    kind: 'file',
    sizeBytes: data === undefined ? 0 : data instanceof Stream ? data.dataBytes : data.value.length,
    entries: () => entries(mft, record),
    async read() {
      if (data === undefined) return new Uint8Array(0);
      if (!(data instanceof Stream)) return new Uint8Array(data.value.bytes);
      if (data.isEncoded) data.fail('is compressed or encrypted');
      return data.read(0, data.dataBytes);
    },
  };
}

async function* entries(mft: Mft, directory: FileRecord): AsyncGenerator<FileEntry> {
  for await (const { name, reference } of readDirectory(mft, directory)) {
    if (name === '.') continue;
    const open = async (): Promise<FileNode> =>
      node(mft, await mft.readFile(reference.record, reference.sequence));
    yield { name, open };
  }
}
