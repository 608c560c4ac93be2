/** The ways of a person through the terminal UI, from page to page. */
import { choose, sees, type Seat } from './seat.ts';

/** Called on each page, before the key that leads away from it; for pictures. */
export type Look = (page: string) => Promise<unknown>;
const noLook: Look = () => Promise.resolve();

export interface ImageWalk {
  /** Serial number of the disk. */
  readonly source: string;
  /** Label of the file system that holds the images. */
  readonly stick: string;
  /** Save what is not used, too. */
  readonly everything?: boolean;
}

/** From the start page to a job that saves an image in the folder that is proposed. */
export async function startImage(seat: Seat, walk: ImageWalk, look = noLook): Promise<void> {
  const { source, stick, everything = false } = walk;
  await sees(seat, 'What do you want to do?', 60);
  await look('home');
  await choose(seat, 'Save an image of a disk');
  await sees(seat, source);
  await look('sources');
  await choose(seat, source);
  await sees(seat, new RegExp(`Where do you want to keep the image\\?.*"${stick}"`));
  await look('place');
  await choose(seat, `"${stick}"`);
  const folder = await sees(seat, /A new folder|Or another folder/, 60);
  await choose(seat, folder.includes('A new folder') ? 'A new folder' : 'permafrost');
  await sees(seat, 'Save the image now', 60);
  if (everything) {
    await choose(seat, 'Change options');
    await sees(seat, 'Everything here can stay as it is.');
    await choose(seat, '[ ] Save everything, also what is not used');
    await sees(seat, /\[(■|x)\] Save everything/);
    await choose(seat, 'Back to the plan');
    await sees(seat, 'Save the image now', 60);
  }
  await look('plan');
  await choose(seat, 'Save the image now');
}

/** Until the image is saved, and back to the start page. */
export async function endImage(seat: Seat, look = noLook): Promise<void> {
  await sees(seat, /The image ".*" is saved/, 120);
  await look('done');
  await choose(seat, 'Back to the start page');
}

export interface RestoreWalk {
  /** Label of the file system that holds the images. */
  readonly stick: string;
  /** Serial number of the disk that is overwritten. */
  readonly target: string;
}

/** From the start page to a job that puts the newest image back, with what has to be typed before. */
export async function startRestore(seat: Seat, walk: RestoreWalk, look = noLook): Promise<void> {
  const { stick, target } = walk;
  await sees(seat, 'What do you want to do?', 60);
  await choose(seat, 'Put an image back');
  await sees(seat, `"${stick}"`);
  await choose(seat, `"${stick}"`);
  await sees(seat, 'Which image do you want to put back?', 60);
  await look('images');
  // The newest one comes first.
  await seat.press('enter');
  await sees(seat, new RegExp(`Which disk shall be overwritten.*${target}`), 60);
  await look('target');
  await choose(seat, target);
  await sees(seat, /WILL BE OVERWRITTEN AND LOST/, 60);
  await look('restore-plan');
  await choose(seat, 'Go on to confirm');
  await sees(seat, 'This cannot be undone.');
  await seat.type('nope');
  await seat.press('enter');
  await sees(seat, 'That is not what was asked for. Nothing was written.');
  for (let i = 0; i < 4; i++) await seat.press('backspace');
  await seat.type(target.slice(-4));
  await sees(seat, new RegExp(`\\[${target.slice(-4)}`));
  await look('confirm');
  await seat.press('enter');
}

/** Until the image is back, and back to the start page. */
export async function endRestore(seat: Seat, look = noLook): Promise<void> {
  await sees(seat, 'Read back from the disk, and the same as the image.', 180);
  await look('restored');
  await choose(seat, 'Back to the start page');
}
