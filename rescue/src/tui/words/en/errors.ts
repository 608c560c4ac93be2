/** Errors, and why all of something is saved: what happened, and what to do. */
import { format } from './numbers.ts';

export const errors = {
  /** What to do, where the engine's own hint speaks of commands that nobody types here. */
  hints: {
    'usage/invalid': 'Go back, and choose otherwise.',
    'device/read-only': 'Check the write-protect switch, or choose another disk.',
    'image/ambiguous': 'Choose the image from the list.',
    'image/chunk-unreadable':
      'Put back what can be read ("Go on where the image is damaged", among the options), or use another image.',
    'layout/no-scratch':
      'Nothing was written. Name another folder for it (Options), on a disk and not on a FAT stick, or choose a larger disk.',
    'layout/scratch-full':
      'Nothing was written. Name a folder on a disk for it (Options), or choose a larger disk.',
    'plan/not-confirmed': 'Nothing was written. Type the characters asked for.',
    'runner/lost': 'It is started again by itself. What happened is in the logs (Tools).',
    'job-file/invalid': 'Nothing was done. Mend these lines of the job file.',
    'job-file/disk': 'Nothing was written. Name the disk by its serial number or WWN.',
    'job-file/repository': 'Check that the disk or server is there, and what you have typed.',
    'program/addon': 'Use a Permafrost stick that was written anew.',
    'device/too-small': 'Choose a larger disk.',
    'device/not-found': 'Plug it in again, or choose another disk.',
    'device/changed': 'Nothing was written. Choose the disk again.',
    'device/in-use':
      'Close what uses it, or start the machine from the Permafrost stick, which uses no disk.',
    'device/no-permission': 'Leave, and start the program as root (for example with sudo).',
    'device/failed': 'Check that the disk is still plugged in, and try again.',
    'repository/corrupt': 'Check everything in that folder, and the disk that holds it.',
    'repository/full':
      'No image was made. What was saved is kept: make some room and do the same again; it continues.',
    'repository/on-source': 'An image on the drive it came from dies with it. Choose another place.',
    'repository/on-target': 'Choose another disk: the one that holds the images cannot be overwritten.',
    'repository/unresolved': 'Choose another place, or say that it is certainly on another disk.',
    'image/not-found': 'Choose the image again.',
    'image/corrupt': 'Check it. Other images are not affected by it.',
    'plan/changed': 'Nothing was written. Look at the new plan.',
    'job/cancelled': 'Nothing half-done was left behind. Do the same again to continue.',
  } as Readonly<Record<string, string>>,
  /** Errors in this language. The engine's own words are English: here are those whose numbers are for people. */
  errors: {
    'device/too-small': (d) =>
      `${String(d['device'])} is ${format.bytes(Number(d['neededBytes']) - Number(d['sizeBytes']))} too small: it has ${format.bytes(Number(d['sizeBytes']))}, and ${format.bytes(Number(d['neededBytes']))} are needed${typeof d['why'] === 'string' ? ` (${d['why']})` : ''}`,
    'repository/full': (d) =>
      `the disk that holds ${String(d['repository'])} is full: about ${format.bytes(Number(d['missingBytes']))} more are needed`,
    'layout/size': (d) =>
      `partition ${String(d['number'])} cannot have ${format.bytes(Number(d['bytes']))} on ${String(d['device'])}: ${String(d['why'])}`,
    'layout/place': (d) =>
      `partition ${String(d['number'])} cannot begin at ${format.bytes(Number(d['start']))} on ${String(d['device'])}: ${String(d['why'])}`,
    'layout/scratch-full': (d) =>
      `making file systems smaller needs about ${format.bytes(Number(d['neededBytes']))} in ${String(d['folder'])}, and ${format.bytes(Number(d['freeBytes']))} are free there`,
  } as Readonly<Record<string, (details: Readonly<Record<string, unknown>>) => string>>,
  /** By the code of the engine; its own words where there is none. */
  raw: {
    reasons: {} as Readonly<Record<string, string>>,
  },
};
