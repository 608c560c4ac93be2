/**
 * $Bitmap: one bit for each cluster, set if it is in use. Checked against the metadata files, which must be
 * in use; clusters that $BadClus names are set too but hold nothing, so that they need not be read.
 */
import { addBits } from '../../base/bitmap.ts';
import { isPermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { Extents, ExtentsBuilder } from '../../base/extents.ts';
import { release } from '../release.ts';
import { attributeTypes } from './attribute.ts';
import { readLogStream } from './log-file.ts';
import type { Mft } from './mft.ts';
import { metadataFiles } from './record.ts';
import { HOLE, type Runlist } from './runlist.ts';
import type { Stream } from './stream.ts';

const PIECE_BYTES = 1024 * 1024;
/** $Boot: sixteen sectors of 512 bytes; with Windows' shadow copies its last one is theirs. */
const BOOT_BYTES = 8192;
const BAD_STREAM_NAME = '$Bad';

/**
 * The bytes of the volume's clusters that are in use. Throws `structure/invalid` if $Bitmap is damaged, too
 * short, or calls a metadata file free.
 */
export async function readAllocation(mft: Mft, signal: AbortSignal | undefined): Promise<Extents> {
  const bitmap = await readNeededStream(mft, metadataFiles.bitmap);
  const { clusterCount, clusterSize } = mft.geometry;
  const neededBytes = Math.ceil(clusterCount / 8);
  if (bitmap.initializedBytes < neededBytes)
    bitmap.fail(`has ${bitmap.initializedBytes} bytes for ${clusterCount} clusters`);
  const builder = new ExtentsBuilder();
  for (let at = 0; at < neededBytes; at += PIECE_BYTES) {
    throwIfCancelled(signal);
    const bytes = await bitmap.read(at, Math.min(PIECE_BYTES, neededBytes - at));
    const bitCount = Math.min(bytes.length * 8, clusterCount - at * 8);
    addBits(builder, bytes, bitCount, clusterSize, at * 8 * clusterSize);
    release(bytes);
  }
  const allocated = builder.finish();
  const metadata = await readMetadataStreams(mft, bitmap);
  const free = findFree(metadata, allocated, clusterSize);
  if (free !== undefined) bitmap.fail(`calls clusters of ${free} free`);
  const good = withoutBadClusters(mft, allocated, await readBadClusters(mft));
  // A list of bad clusters that names metadata is not believed at all.
  return findFree(metadata, good, clusterSize) === undefined ? good : allocated;
}

/** Whether all `clusterCount` clusters at `lcn` lie in `allocated`. */
export function isAllocated(
  allocated: Extents,
  lcn: number,
  clusterCount: number,
  clusterSize: number,
): boolean {
  const start = lcn * clusterSize;
  const i = allocated.firstEndingAfter(start);
  return (
    i < allocated.count &&
    allocated.start(i) <= start &&
    allocated.end(i) >= start + clusterCount * clusterSize
  );
}

async function readNeededStream(mft: Mft, number: number): Promise<Stream> {
  const file = await mft.readFile(number);
  const stream = await mft.readStream(file, attributeTypes.data);
  if (stream === undefined) return mft.stream.fail(`has no clusters for file record ${number}`);
  stream.checkPlain();
  return stream;
}

/** The files that every volume has in clusters, by name. */
async function readMetadataStreams(mft: Mft, bitmap: Stream): Promise<ReadonlyMap<string, Stream>> {
  const mirror = await readNeededStream(mft, metadataFiles.mftMirror);
  if (mirror.runs.count === 0 || mirror.runs.lcn(0) !== mft.geometry.mftMirrorLcn)
    mirror.fail('does not begin where the boot sector says');
  const streams = new Map([
    ['$MFT', mft.stream],
    ['$MFTMirr', mirror],
    ['$Bitmap', bitmap],
  ]);
  const log = await readLogStream(mft);
  return log === undefined ? streams : streams.set('$LogFile', log);
}

/** The name of a stream of which clusters are not in `allocated`. */
function findFree(
  streams: ReadonlyMap<string, Stream>,
  allocated: Extents,
  clusterSize: number,
): string | undefined {
  for (const [name, { runs }] of streams)
    for (let i = 0; i < runs.count; i++)
      if (!isAllocated(allocated, runs.lcn(i), runs.length(i), clusterSize)) return name;
  return undefined;
}

/** The runs of $BadClus; `undefined` if there is any doubt about them: then nothing is left out. */
async function readBadClusters(mft: Mft): Promise<Runlist | undefined> {
  try {
    const file = await mft.readFile(metadataFiles.badClusters);
    const bad = await mft.readStream(file, attributeTypes.data, BAD_STREAM_NAME);
    if (bad === undefined || bad.isEncoded || bad.runs.clusterCount > mft.geometry.clusterCount)
      return undefined;
    // The stream is as long as the volume, a hole where clusters are good: any other run has its own place.
    for (let i = 0; i < bad.runs.count; i++)
      if (bad.runs.lcn(i) !== HOLE && bad.runs.lcn(i) !== bad.runs.vcn(i)) return undefined;
    return bad.runs;
  } catch (error) {
    if (isPermafrostError(error, 'structure/invalid') || isPermafrostError(error, 'device/read-failed'))
      return undefined;
    throw error;
  }
}

function withoutBadClusters(mft: Mft, allocated: Extents, bad: Runlist | undefined): Extents {
  const { clusterSize, clusterCount } = mft.geometry;
  const builder = new ExtentsBuilder();
  for (let i = 0; i < (bad?.count ?? 0); i++)
    if (bad!.lcn(i) !== HOLE) builder.add(bad!.lcn(i) * clusterSize, bad!.length(i) * clusterSize);
  const badBytes = builder.finish();
  if (badBytes.count === 0) return allocated;
  const sizeBytes = clusterCount * clusterSize;
  return allocated.complement(sizeBytes).union(badBytes).complement(sizeBytes);
}

/** What is used whatever $Bitmap says: $Boot, the part behind the last cluster, and the backup boot sector. */
export function fixedExtents(mft: Mft): Extents {
  const { clusterCount, clusterSize, volumeBytes, sectorSize } = mft.geometry;
  const end = Math.min(volumeBytes + sectorSize, mft.reader.sizeBytes);
  const tail = clusterCount * clusterSize;
  return new ExtentsBuilder()
    .add(0, Math.min(Math.max(BOOT_BYTES, clusterSize), end))
    .add(tail, end - tail)
    .finish();
}
