/** Choosing: disks, where images are kept, images, targets. */
import { count } from '../format.ts';

export const choosing = {
  sources: {
    title: 'Save an image',
    question: 'Which disk do you want to save?',
    file: 'Or a disk-image file',
    filePlaceholder: 'path of the file',
    plug: 'It is not here: I will plug it in now',
    all: (n: number): string => `Go on with ${count(n, 'disk', 'disks')}`,
    keysHelp:
      'Enter takes the disk that the mark is on. To save several disks in one image, mark each with the space bar, then press Enter.',
    help: [
      'Choose the disk by its name, serial number and size, and by what is on it. Names like /dev/sda can be another disk after the next start.',
      'A disk that is in use cannot be saved: what is written to it meanwhile would tear the image. Start the machine from the Permafrost stick; it uses no disk.',
      'The disk is only read. Nothing on it is changed.',
    ],
  },
  plug: {
    title: 'Plug it in now',
    question: 'Plug the disk or stick in now. It is recognised by itself.',
    already: 'Is it in already? Take it out, wait a moment, and plug it in again.',
    help: [
      'As soon as a new disk appears, the list is shown again with the mark on it. A disk that is spinning up can take half a minute.',
      'If nothing happens, try another socket, and another cable.',
    ],
  },
  place: {
    title: {
      image: 'Where to store',
      restore: 'Where the image is',
      verify: 'Where the images are',
      logs: 'Where to save the logs',
    },
    question: {
      image: 'Where do you want to keep the image?',
      restore: 'Where is the image that you want to put back?',
      verify: 'Where are the images that you want to check?',
      logs: 'On which stick or disk do you want to save the logs?',
    },
    onDisks: 'On a disk or stick of this machine',
    onServers: 'On a server, or elsewhere',
    notPossible: 'Not possible',
    nfs: 'NFS share',
    smb: 'Windows or Samba share (SMB)',
    ssh: 'A server with SSH',
    path: 'A folder of this system',
    plug: 'My stick or disk is not here: I will plug it in now',
    free: (bytes: string): string => `${bytes} free`,
    onSource: 'It is on the disk that you want to save: an image on the drive it came from dies with it.',
    cannotMount: (kind: string): string => `${kind}: files cannot be stored there.`,
    readOnlyKind: (kind: string): string => `${kind} can only be read.`,
    twins: (id: string): string =>
      `Another file system has the same id ${id}: take one of the two disks out.`,
    noId: 'It has neither an id nor a label by which it could be named.',
    help: [
      'Images are kept in a folder, called a repository. It can be on another disk, on a USB stick or on a server. Other files there are not touched.',
      'It must not be on the disk that is saved: an image on the drive it came from dies with it.',
      'Sticks with FAT will do: no file is larger than 4 GiB.',
    ],
  },
  share: {
    nfs: {
      title: 'NFS share',
      question: 'Which folder does the server export?',
      main: 'Server and folder',
      placeholder: 'nas:/export/images',
      options: 'Mount options (may stay empty)',
    },
    smb: {
      title: 'Windows or Samba share',
      question: 'Which share?',
      main: 'Share',
      placeholder: '//nas/images',
      user: 'User name (may stay empty)',
      password: 'Password',
      domain: 'Domain (may stay empty)',
    },
    ssh: {
      title: 'A server with SSH',
      question: 'Which server?',
      main: 'User and server',
      placeholder: 'user@server:port',
      folder: 'Folder there',
      folderPlaceholder: "the user's own folder",
      trust: "Trust the server's key as it is now, if it is not known",
      password: 'Password',
      keyFile: 'or file of the key',
      hostKey: "Server's key, if you know it",
    },
    path: {
      title: 'A folder of this system',
      question: 'Which folder?',
      main: 'Folder',
      placeholder: '/mnt/backup',
    },
    open: 'Open it',
    searching: 'Looking for servers on the network …',
    noneFound: 'No server has announced itself on the network: type it.',
    found: 'Found on the network',
    typed: 'What is chosen, or typed',
    help: [
      'What you type stays here until you switch off, and is written nowhere else. A password is never shown, and is not in any log.',
      'Servers that announce themselves are listed; Enter takes one over, and what is still missing is typed behind it.',
      'The network is brought up first if it is not. Tools, Network shows whether this machine has an address.',
    ],
  },
  folder: {
    title: 'Folder for images',
    question: {
      image: 'Which folder shall the image go into?',
      restore: 'In which folder are the images?',
      verify: 'In which folder are the images?',
    },
    found: 'Images were found in',
    here: 'the folder itself',
    on: (folder: string, place: string): string => `the folder "${folder}" on ${place}`,
    none: 'There are no images here yet.',
    noneFound: 'No images were found here, two folders deep. If they are deeper, type the folder.',
    fresh: 'A new folder',
    typed: 'Folder',
    other: 'Or another folder',
    help: [
      'If there are images already, keep the new one with them: what they have in common is stored once, and that is most of it.',
      'A new folder is made if it is not there.',
    ],
  },
  images: {
    title: 'Images',
    question: {
      restore: 'Which image do you want to put back?',
      verify: 'Which image do you want to check?',
    },
    everything: 'Everything in this folder',
    none: 'There are no images in this folder.',
    damaged: (id: string, problem: string): string => `Image ${id} cannot be read: ${problem}`,
    taken: (when: string): string => `taken ${when} UTC`,
    from: (machine: string): string => `on ${machine}`,
    usedOf: (used: string, size: string): string => `${used} used of ${size}`,
    help: [
      'The newest image comes first. Each is complete: none needs another one.',
      'The times come from the clock of the machine that made the image, which may have been wrong; the numbers count up.',
    ],
  },
  parts: {
    title: 'Disks of the image',
    question: 'This image holds several disks. Which do you want to put back?',
    goOn: 'Go on',
    help: ['Each disk goes to a disk of its own, which you choose next.'],
  },
  target: {
    title: 'Target',
    question: (what: string, size: string): string =>
      `Which disk shall be overwritten with the image of ${what} (${size})?`,
    warning: 'Everything that is on the disk you choose will be lost.',
    same: 'This is the disk that the image was made of.',
    isPlace: 'The images are on it. The disk that holds the image cannot be overwritten.',
    chosen: 'It is chosen already for another disk of the image.',
    small: (by: string, needed: string): string =>
      `It is ${by} too small: the image needs ${needed} at the least.`,
    smaller: (by: string, size: string): string =>
      `It is ${by} smaller than the original (${size}): the plan says whether it can be done.`,
    sectors: (has: number, had: number): string =>
      `Its sectors have ${has} bytes, those of the original ${had}: the plan says whether it can be done.`,
    readOnly: 'It is read-only. Check the write-protect switch.',
    file: 'Or a disk-image file',
    help: [
      'Look at serial number and size, and at what is on the disk now. Before anything is written you are shown what will be lost, and must type a part of the serial number.',
      'The disk may be larger than the original, and also smaller if everything finds room: the plan says so.',
    ],
  },
  copies: {
    title: 'Copy a disk',
    source: 'Which disk do you want to copy?',
    sourceHelp: [
      'This disk is only read. Choose it by its name, serial number and size, and by what is on it.',
      'It must not be in use. Start the machine from the Permafrost stick; it uses no disk.',
      'A copy is no backup: it cannot be checked later, and keeps no older states. An image can and does.',
    ],
    question: 'Which disk shall become a copy of it?',
    isSource: 'It is the disk that you want to copy.',
    keysHelp:
      'Enter takes the disk that the mark is on. To make several copies at once, mark each with the space bar, then press Enter: the disk is read once.',
    help: [
      'Before anything is written you are shown what will be lost, and must type a part of the serial number of each disk.',
      'The disk may be larger than the original, and also smaller if everything finds room: the plan says so.',
    ],
  },
};
