/**
 * What lies on the demo disk: real files (the npm packages that the project uses) and things that
 * look like what people keep: letters, photographs, a film, a sparse file. The same on every machine.
 */
import { cp, link, mkdir, open, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { noise } from './scratch.ts';

const packages = join(import.meta.dirname, '..', '..', '..', 'node_modules');
const MiB = 1024 * 1024;

const words =
  'the of and to in is that it was for on are as with his they at be this from have or by one had not but what all were when we there can an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know'.split(
    ' ',
  );

function letter(seed: number, lines: number): string {
  const dice = noise(lines * 48, seed);
  let at = 0;
  const line = (): string =>
    Array.from({ length: 12 }, () => words[dice.readUInt32LE((at += 4) - 4) % words.length]!).join(' ');
  return Array.from({ length: lines }, line).join('\n') + '\n';
}

/** Looks like a JPEG at both ends and compresses as badly. */
function photograph(seed: number): Buffer {
  const bytes = noise(600_000 + ((seed * 7919) % 900_000), seed);
  Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex').copy(bytes);
  bytes.writeUInt16BE(0xffd9, bytes.length - 2);
  return bytes;
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function copyPackage(name: string, into: string): Promise<void> {
  await mkdir(dirname(into), { recursive: true });
  await cp(join(packages, name), into, { recursive: true, dereference: true, preserveTimestamps: true });
}

async function photographs(folder: string, count: number, seed: number): Promise<void> {
  for (let i = 1; i <= count; i++) {
    await put(join(folder, `IMG_${String(i).padStart(4, '0')}.JPG`), photograph(seed + i));
  }
}

/** A boot partition: about 30 MB. */
export async function makeBootFiles(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  await put(at('EFI/BOOT/BOOTX64.EFI'), noise(1_200_000, 11));
  await put(at('EFI/demo/grub.cfg'), 'set timeout=3\nmenuentry "Demo" { linux /vmlinuz }\n');
  await put(at('initrd.img'), noise(18 * MiB, 12));
  await cp(join(packages, '@esbuild/linux-x64/bin/esbuild'), at('vmlinuz'));
}

/** A Linux system with a home: about 75 MB in a few thousand files. */
export async function makeLinuxFiles(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  for (const name of ['typescript', 'prettier', 'eslint', '@babel', '@types/node']) {
    await copyPackage(name, at(`usr/lib/${name}`));
  }
  await put(at('etc/hostname'), 'demo\n');
  await put(at('etc/fstab'), 'LABEL=demo-root / ext4 defaults 0 1\nLABEL=demo-swap none swap sw 0 0\n');
  for (let i = 1; i <= 40; i++)
    await put(at(`home/ada/letters/${1980 + i}/letter-${i}.txt`), letter(i, 40 + i * 5));
  await put(at('home/ada/letters/Grüße aus Zürich ❄.txt'), letter(77, 30));
  await photographs(at('home/ada/photographs'), 12, 100);
  await put(at('home/ada/diary.txt'), letter(78, 20_000));
  await symlink('photographs', at('home/ada/pictures'));
  await link(at('home/ada/diary.txt'), at('home/ada/diary-by-another-name.txt'));
  await put(at('var/lib/machine.img'), noise(2 * MiB, 13));
  await truncate(at('var/lib/machine.img'), 64 * MiB); // Sparse: a hole, then a little more.
  const file = await open(at('var/lib/machine.img'), 'r+');
  await file.write(noise(MiB, 14), 0, MiB, 40 * MiB);
  await file.close();
}

/** A Windows user's files: about 60 MB. */
export async function makeWindowsFiles(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  await copyPackage('typescript/lib', at('Program Files/Typist'));
  for (let i = 1; i <= 30; i++) await put(at(`Users/Ada/Documents/Letter ${i}.txt`), letter(200 + i, 100));
  await photographs(at('Users/Ada/Pictures'), 20, 300);
  // Written in turns, so that both end up in many pieces.
  const [a, b] = [await open(at('Users/Ada/mail.db'), 'w'), await open(at('Users/Ada/mail.log'), 'w')];
  for (let i = 0; i < 60; i++) {
    await a.write(noise(100_000, 400 + i));
    await b.write(letter(500 + i, 150));
  }
  await Promise.all([a.close(), b.close()]);
}

/** A camera's card: about 70 MB. */
export async function makeCameraFiles(folder: string): Promise<void> {
  await photographs(join(folder, 'DCIM/100DEMO'), 45, 600);
  const film = noise(20 * MiB, 15);
  film.write('ftypqt  ', 4);
  await put(join(folder, 'DCIM/100DEMO/MVI_0046.MOV'), film);
}

/** A day's work in a mounted tree: photographs and letters added, two files removed, one rewritten in part. */
export async function changeFiles(folder: string): Promise<void> {
  const before = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  await makeNews(join(folder, 'New'));
  await rm(before[1]!);
  await rm(before[4]!);
  const file = await open(before[2]!, 'r+');
  await file.write(letter(1000, 20), 100);
  await file.close();
}

/** What the second day brings: about 3 MB. */
export async function makeNews(folder: string): Promise<void> {
  for (let i = 1; i <= 3; i++) await put(join(folder, `IMG_9${i}.JPG`), photograph(900 + i));
  await put(join(folder, 'Tuesday.txt'), letter(999, 200));
}
