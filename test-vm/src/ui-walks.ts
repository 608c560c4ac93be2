/** The ways of a person through the terminal UI, from page to page. */
import { choose, sees, type Seat } from './seat.ts';

export interface ImageWalk {
  /** Serial number of the disk. */
  readonly source: string;
  /** Label of the stick. */
  readonly stick: string;
}

/** From the start page to a job that saves an image in the folder that is proposed. */
export async function startImage(seat: Seat, { source, stick }: ImageWalk): Promise<void> {
  await sees(seat, 'What do you want to do?', 60);
  await choose(seat, 'Save an image of a disk');
  await sees(seat, source);
  await choose(seat, source);
  await sees(seat, new RegExp(`Where do you want to keep the image\\?.*"${stick}"`));
  await choose(seat, `"${stick}"`);
  const folder = await sees(seat, /A new folder|Or another folder/, 60);
  await choose(seat, folder.includes('A new folder') ? 'A new folder' : 'permafrost');
  await sees(seat, 'Save the image now', 60);
  await choose(seat, 'Save the image now');
}

/** Until the image is saved, and back to the start page. */
export async function endImage(seat: Seat): Promise<void> {
  await sees(seat, /The image ".*" is saved/, 120);
  await choose(seat, 'Back to the start page');
}
