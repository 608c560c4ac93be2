/**
 * Writes a cpio archive in the "new ASCII" format (070701) that the kernel unpacks as an initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Everything belongs to root and is of one date, so
 * the same tree always gives the same bytes.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const folderType = 0o040000;
const fileType = 0o100000;
const linkType = 0o120000;

const padded = (bytes: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return whole;
};

function member(inode: number, name: string, mode: number, epoch: number, content: Uint8Array): Uint8Array[] {
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  const links = (mode & 0o170000) === folderType ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, epoch, content.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  const head = new TextEncoder().encode(header);
  const opening = new Uint8Array(head.length + nameBytes.length);
  opening.set(head);
  opening.set(nameBytes, head.length);
  return [padded(opening), padded(content)];
}

/** The paths below `root`, each folder before what it holds, in byte order. */
function walk(root: string, below = ''): string[] {
  return readdirSync(join(root, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? [path, ...walk(root, path)] : [path];
    });
}

/**
 * The archive of the tree at `root`: folders (0755), files (0755 if the owner may execute them, otherwise 0644) and
 * symbolic links. `epoch`, in seconds, is the date of all. Throws on anything else.
 */
export function archiveTree(root: string, epoch: number): Uint8Array {
  const parts: Uint8Array[] = [];
  walk(root).forEach((path, index) => {
    const full = join(root, path);
    const stat = lstatSync(full);
    const inode = index + 1;
    if (stat.isDirectory()) parts.push(...member(inode, path, folderType | 0o755, epoch, new Uint8Array()));
    else if (stat.isSymbolicLink()) {
      const target = new TextEncoder().encode(readlinkSync(full));
      parts.push(...member(inode, path, linkType | 0o777, epoch, target));
    } else if (stat.isFile()) {
      const mode = fileType | ((stat.mode & 0o100) === 0 ? 0o644 : 0o755);
      parts.push(...member(inode, path, mode, epoch, readFileSync(full)));
    } else throw new Error(`${full} is neither a file, a folder nor a symbolic link`);
  });
  parts.push(...member(0, 'TRAILER!!!', 0, 0, new Uint8Array()));
  return Buffer.concat(parts);
}
