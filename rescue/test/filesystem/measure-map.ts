/**
 * Finds the used bytes of a disk image and prints what it took, as JSON: `node measure-map.ts IMAGE`. A process
 * of its own, so that its memory is that of the map alone.
 */
import { open } from 'node:fs/promises';
import type { BlockReader } from '../../src/engine/base/block-reader.ts';
import { probeRegion } from '../../src/engine/filesystem/probe-region.ts';

/** What a map took. */
export interface Measured {
  readonly kind: string;
  readonly raw: boolean;
  readonly extents: number;
  readonly usedBytes: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Growth of the process at its largest. */
  readonly memoryBytes: number;
}

const path = process.argv[2]!;
const file = await open(path);
const { size } = await file.stat();
const reader: BlockReader = {
  name: path,
  sizeBytes: size,
  sectorSize: 512,
  async read(offset, length) {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    if (bytesRead !== length) throw new Error(`short read of ${path}`);
    return bytes;
  },
};
const memoryBefore = process.memoryUsage.rss();
const cpuBefore = process.cpuUsage();
const began = performance.now();
const { info, map } = await probeRegion(reader);
const wallMs = performance.now() - began;
const cpu = process.cpuUsage(cpuBefore);
const measured: Measured = {
  kind: info.kind,
  raw: map.raw !== undefined,
  extents: map.used.count,
  usedBytes: map.used.totalBytes,
  wallMs: Math.round(wallMs),
  cpuMs: Math.round((cpu.user + cpu.system) / 1000),
  memoryBytes: process.resourceUsage().maxRSS * 1024 - memoryBefore,
};
await file.close();
process.stdout.write(JSON.stringify(measured));
