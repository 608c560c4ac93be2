/** Small files beside the images that must be whole, or not be there, whenever the power fails. */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes `text` as the file `name` of `folder`, made if need be, in place of an earlier one. Throws Node's errors. */
export async function writeDurably(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await mkdir(folder, { recursive: true });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await rename(`${path}.new`, path);
    // Once more: FAT keeps where a file begins in its name, and writes that with the file.
    await file.sync();
  } catch (error) {
    // On a full disk it takes room from what is to be saved.
    await rm(`${path}.new`, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
  const directory = await open(folder, 'r');
  try {
    // Some network file systems cannot; then what they promise by themselves has to do.
    await directory.sync().catch(() => undefined);
  } finally {
    await directory.close();
  }
}
