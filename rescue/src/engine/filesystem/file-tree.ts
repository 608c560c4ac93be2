/**
 * Files of a file system that nobody mounted, by their paths: what the checks of boot loaders read. Every walk is
 * bounded; what does not add up ends in `structure/invalid`.
 */
import { PermafrostError } from '../base/errors.ts';

export type FileNodeKind = 'file' | 'directory' | 'link' | 'other';

/** One file or directory. */
export interface FileNode {
  readonly kind: FileNodeKind;
  /** Of the content; what it is for a directory is the file system's own affair. */
  readonly sizeBytes: number;
  /** The names in a directory, in no order, without `.` and `..`. */
  entries(): AsyncIterable<FileEntry>;
  /** All of a file's content, or the target of a link; the caller makes sure that {@link sizeBytes} is bearable. */
  read(): Promise<Uint8Array>;
}

export interface FileEntry {
  readonly name: string;
  open(): Promise<FileNode>;
}

/** Links followed in one look-up; as many as Linux follows. */
const MAX_LINKS = 40;
/** Names looked at in one directory. */
const MAX_ENTRIES = 65536;
const MAX_PARTS = 256;
/** A path that a link can hold, in bytes. */
const MAX_LINK_BYTES = 4096;

export class FileTree {
  readonly #root: () => Promise<FileNode>;
  readonly #ignoresCase: boolean;

  constructor(root: () => Promise<FileNode>, options: { ignoresCase?: boolean } = {}) {
    this.#root = root;
    this.#ignoresCase = options.ignoresCase === true;
  }

  /** What `path` leads to, links followed; `undefined` if it leads nowhere. `/` separates, at the start or not. */
  async find(path: string): Promise<FileNode | undefined> {
    let stack = [await this.#root()];
    let parts = split(path);
    for (let links = 0; parts.length > 0;) {
      const name = parts.shift()!;
      if (name === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const here = stack.at(-1)!;
      const node = here.kind === 'directory' ? await this.#child(here, name) : undefined;
      if (node === undefined) return undefined;
      if (node.kind !== 'link') {
        stack.push(node);
        continue;
      }
      if (++links > MAX_LINKS) return undefined;
      const target = Buffer.from(await readBounded(node, MAX_LINK_BYTES, path)).toString('utf8');
      if (target.startsWith('/')) stack = stack.slice(0, 1);
      parts = [...split(target), ...parts];
    }
    return stack.at(-1);
  }

  /** The names in the directory `path`; none if there is no such directory. */
  async list(path: string): Promise<string[]> {
    const node = await this.find(path);
    if (node?.kind !== 'directory') return [];
    const names: string[] = [];
    for await (const { name } of bounded(node)) names.push(name);
    return names;
  }

  /** The content of the file `path`; `undefined` if there is none. Throws `structure/invalid` beyond `mostBytes`. */
  async readFile(path: string, mostBytes: number): Promise<Uint8Array | undefined> {
    const node = await this.find(path);
    return node?.kind === 'file' ? readBounded(node, mostBytes, path) : undefined;
  }

  /** As {@link readFile}, as UTF-8 text. */
  async readText(path: string, mostBytes = 4 * 1024 * 1024): Promise<string | undefined> {
    const bytes = await this.readFile(path, mostBytes);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  }

  /** The part of the tree below the directory `path`, with it as the root; `undefined` if there is none. */
  async below(path: string): Promise<FileTree | undefined> {
    const node = await this.find(path);
    if (node?.kind !== 'directory') return undefined;
    return new FileTree(() => Promise.resolve(node), { ignoresCase: this.#ignoresCase });
  }

  async #child(directory: FileNode, name: string): Promise<FileNode | undefined> {
    const wanted = this.#ignoresCase ? name.toLowerCase() : name;
    for await (const entry of bounded(directory))
      if ((this.#ignoresCase ? entry.name.toLowerCase() : entry.name) === wanted) return entry.open();
    return undefined;
  }
}

async function* bounded(directory: FileNode): AsyncGenerator<FileEntry> {
  let count = 0;
  for await (const entry of directory.entries()) {
    if (++count > MAX_ENTRIES) return;
    yield entry;
  }
}

function split(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > MAX_PARTS)
    throw new PermafrostError('structure/invalid', { structure: 'path', problem: 'has too many parts' });
  return parts;
}

function readBounded(node: FileNode, mostBytes: number, path: string): Promise<Uint8Array> {
  if (node.sizeBytes > mostBytes)
    throw new PermafrostError('structure/invalid', {
      structure: path,
      problem: `has ${node.sizeBytes} bytes, more than the ${mostBytes} that are read`,
    });
  return node.read();
}

/** The methods of a node that is neither directory nor anything with content that can be read. */
export function unreadableNode(kind: FileNodeKind, sizeBytes: number, what: string): FileNode {
  const fail = (): never => {
    throw new PermafrostError('structure/invalid', { structure: what, problem: 'cannot be read' });
  };
  return { kind, sizeBytes, entries: fail, read: fail };
}
