/** Files of an image: taken out, or damaged in a copy. */
import { constants } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { runTool } from './tool.ts';

/** Where a file's bytes are in an image. */
export async function locateFile(
  iso: string,
  path: string,
): Promise<{ offsetBytes: number; sizeBytes: number }> {
  const report = await runTool('xorriso', ['-indev', iso, '-find', path, '-exec', 'report_lba', '--']);
  const fields = /^File data lba:\s*\d+\s*,\s*(\d+)\s*,\s*\d+\s*,\s*(\d+)\s*,/m.exec(report);
  if (fields === null) throw new Error(`${iso} has no ${path}: ${report}`);
  return { offsetBytes: Number(fields[1]) * 2048, sizeBytes: Number(fields[2]) };
}

/** Copies a file out of an image. */
export async function extractFile(iso: string, path: string, to: string): Promise<void> {
  const { offsetBytes, sizeBytes } = await locateFile(iso, path);
  const from = await open(iso, 'r');
  const file = await open(to, 'w');
  try {
    const bytes = Buffer.alloc(sizeBytes);
    await from.read(bytes, 0, sizeBytes, offsetBytes);
    await file.writeFile(bytes);
  } finally {
    await from.close();
    await file.close();
  }
}

/** A copy of an image in which one bit of a file is the other way round; `position` is from 0 (start) to 1 (end). */
export async function damagedCopy(iso: string, path: string, to: string, position: number): Promise<string> {
  const { offsetBytes, sizeBytes } = await locateFile(iso, path);
  await copyFile(iso, to, constants.COPYFILE_FICLONE);
  const file = await open(to, 'r+');
  try {
    const at = offsetBytes + Math.floor((sizeBytes - 1) * position);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
  return to;
}
