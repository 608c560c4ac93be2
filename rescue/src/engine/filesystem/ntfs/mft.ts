/**
 * The master file table ($MFT): reads file records, and attributes wherever they are. The table is a file
 * itself: its record 0 says where its own records are, if need be with the help of further ones.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import { attributeTypes, type Attribute, type ResidentAttribute } from './attribute.ts';
import { MAX_ATTRIBUTE_LIST_BYTES, parseAttributeList, type AttributeListEntry } from './attribute-list.ts';
import type { NtfsGeometry } from './boot-sector.ts';
import { metadataFiles, parseRecord, type FileRecord, type FileReference } from './record.ts';
import { Stream } from './stream.ts';

export class Mft {
  readonly reader: BlockReader;
  readonly geometry: NtfsGeometry;
  /** The table itself. */
  readonly stream: Stream;

  private constructor(reader: BlockReader, geometry: NtfsGeometry, stream: Stream) {
    this.reader = reader;
    this.geometry = geometry;
    this.stream = stream;
  }

  /** Opens the table of the volume on `reader`. Throws `structure/invalid`. */
  static async open(reader: BlockReader, geometry: NtfsGeometry): Promise<Mft> {
    const start = geometry.mftLcn * geometry.clusterSize;
    const record = parseRecord(await reader.read(start, geometry.recordSize), metadataFiles.mft);
    const first = record?.attributes.find((attribute) => isDataFrom(attribute, 0));
    if (record === undefined || first === undefined || first.resident)
      throw invalid('NTFS $MFT', 'has no data');
    const mft = new Mft(reader, geometry, new Stream(reader, geometry, first, 'NTFS $MFT'));
    // Each further extent lies in a record that the extents before it make readable.
    const extents = mft.#locate(record, attributeTypes.data, '');
    for await (const extent of extents) {
      if (extent.resident) throw invalid('NTFS $MFT', 'has resident data');
      if (extent.lowestVcn !== 0) mft.stream.append(extent);
    }
    mft.stream.checkComplete();
    mft.stream.checkPlain();
    if (mft.stream.runs.lcn(0) !== geometry.mftLcn)
      throw invalid('NTFS $MFT', 'does not begin where the boot sector says');
    return mft;
  }

  /** How many records the table has. */
  get recordCount(): number {
    return Math.floor(this.stream.initializedBytes / this.geometry.recordSize);
  }

  /** Record `number`; `undefined` if it is not in use. Throws `structure/invalid` if there is none, or damaged. */
  async readRecord(number: number): Promise<FileRecord | undefined> {
    const { recordSize } = this.geometry;
    if (number >= this.recordCount) throw invalid(`NTFS file record ${number}`, 'lies beyond the file table');
    return parseRecord(await this.stream.read(number * recordSize, recordSize), number);
  }

  /** The base record of a file that must exist. Throws `structure/invalid`. */
  async readFile(number: number, sequence?: number): Promise<FileRecord> {
    const record = await this.readRecord(number);
    if (record === undefined) throw invalid(`NTFS file record ${number}`, 'is not in use');
    if (record.base !== undefined) throw invalid(`NTFS file record ${number}`, 'belongs to another one');
    if (sequence !== undefined && record.sequence !== sequence)
      throw invalid(`NTFS file record ${number}`, 'is of another file than expected');
    return record;
  }

  /** The value of the resident attribute `type` of `file`; `undefined` if it has none. */
  async readValue(file: FileRecord, type: number, name = ''): Promise<Fields | undefined> {
    const found = await this.readAttribute(file, type, name);
    return found === undefined || found instanceof Stream ? undefined : found.value;
  }

  /** The non-resident attribute `type` of `file`; `undefined` if it has none or a resident one. */
  async readStream(file: FileRecord, type: number, name = ''): Promise<Stream | undefined> {
    const found = await this.readAttribute(file, type, name);
    return found instanceof Stream ? found : undefined;
  }

  /** Attribute `type` named `name` of `file`: its value, or its clusters if those are elsewhere. */
  async readAttribute(
    file: FileRecord,
    type: number,
    name: string,
  ): Promise<ResidentAttribute | Stream | undefined> {
    let stream: Stream | undefined;
    for await (const attribute of this.#locate(file, type, name)) {
      if (attribute.resident) return attribute;
      if (stream === undefined) stream = this.#stream(attribute, file, name);
      else stream.append(attribute);
    }
    stream?.checkComplete();
    return stream;
  }

  #stream(first: Exclude<Attribute, ResidentAttribute>, file: FileRecord, name: string): Stream {
    const title = titleOf(first.type, name, file.number);
    if (first.lowestVcn !== 0) throw invalid(title, 'has no beginning');
    return new Stream(this.reader, this.geometry, first, title);
  }

  /** The parts of an attribute in their order, from `file` and the records that its attribute list names. */
  async *#locate(file: FileRecord, type: number, name: string): AsyncGenerator<Attribute> {
    const list = file.attributes.find((attribute) => attribute.type === attributeTypes.attributeList);
    if (list === undefined) {
      yield* file.attributes.filter((attribute) => attribute.type === type && attribute.name === name);
      return;
    }
    let record: FileRecord | undefined;
    for (const entry of parseAttributeList(await this.#readList(list, file))) {
      if (entry.type !== type || entry.name !== name) continue;
      if (record?.number !== entry.reference.record) record = await this.#readPart(file, entry.reference);
      yield findListed(record, entry);
    }
  }

  async #readList(list: Attribute, file: FileRecord): Promise<Fields> {
    if (list.resident) return list.value;
    const title = `NTFS attribute list of file record ${file.number}`;
    if (list.dataBytes > MAX_ATTRIBUTE_LIST_BYTES) throw invalid(title, `has ${list.dataBytes} bytes`);
    const stream = new Stream(this.reader, this.geometry, list, title);
    stream.checkComplete();
    stream.checkPlain();
    return new Fields(await stream.read(0, stream.dataBytes), title);
  }

  async #readPart(file: FileRecord, { record, sequence }: FileReference): Promise<FileRecord> {
    if (record === file.number && sequence === file.sequence) return file;
    const part = await this.readRecord(record);
    const belongs =
      part?.sequence === sequence &&
      part.base?.record === file.number &&
      part.base.sequence === file.sequence;
    if (!belongs) throw invalid(`NTFS file record ${record}`, `is no part of ${file.number}`);
    return part;
  }
}

/** The names of the metadata files that error messages speak of. */
const metadataNames: Readonly<Record<number, string>> = {
  [metadataFiles.mftMirror]: '$MFTMirr',
  [metadataFiles.logFile]: '$LogFile',
  [metadataFiles.bitmap]: '$Bitmap',
};

function titleOf(type: number, name: string, record: number): string {
  const metadataName = metadataNames[record];
  if (metadataName !== undefined && type === attributeTypes.data && name === '')
    return `NTFS ${metadataName}`;
  return `NTFS attribute 0x${type.toString(16)}${name && ` ${name}`} of file record ${record}`;
}

function isDataFrom(attribute: Attribute, vcn: number): boolean {
  const isData = attribute.type === attributeTypes.data && attribute.name === '';
  return isData && (attribute.resident || attribute.lowestVcn === vcn);
}

function findListed(record: FileRecord, entry: AttributeListEntry): Attribute {
  const found = record.attributes.find(
    (attribute) =>
      attribute.type === entry.type &&
      attribute.name === entry.name &&
      attribute.instance === entry.instance &&
      (attribute.resident ? 0 : attribute.lowestVcn) === entry.lowestVcn,
  );
  if (found === undefined)
    throw invalid(
      `NTFS file record ${record.number}`,
      `does not hold attribute 0x${entry.type.toString(16)} from cluster ${entry.lowestVcn}`,
    );
  return found;
}

function invalid(structure: string, problem: string): PermafrostError<'structure/invalid'> {
  return new PermafrostError('structure/invalid', { structure, problem });
}
