/** A USB stick that the image was written to: a file of differences over the image, larger than it, as sticks are. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './tool.ts';

/** The stick of this folder; made if it is not there yet, so that what a guest wrote to it stays. */
export async function stickWith(iso: string, folder: string): Promise<string> {
  const path = join(folder, 'stick.qcow2');
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  if (there) return path;
  const size = (await stat(iso)).size + (256 << 20);
  await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', iso, path, String(size)]);
  return path;
}
