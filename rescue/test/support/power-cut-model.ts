/**
 * What a disk may hold at a moment: bytes and sizes are durable once their file was synced (fsync or
 * fdatasync); a name, or its absence, once its folder was. All else is pending.
 */
import type { ContentChange, Operation } from './power-cut-log.ts';

/** One change of one folder entry. */
export interface NameChange {
  readonly index: number;
  readonly folder: Folder;
  readonly name: string;
  /** What the name stands for from now on; undefined: nothing. */
  readonly id: number | undefined;
  /** The other half of a rename that is whole. */
  twin?: NameChange;
}

export interface Folder {
  readonly kind: 'folder';
  readonly durable: Map<string, number>;
  pending: NameChange[];
}

export interface File {
  readonly kind: 'file';
  /** Relative to base/, if the file was there at the start. */
  readonly base: string | undefined;
  readonly durable: ContentChange[];
  pending: ContentChange[];
}

export interface Symlink {
  readonly kind: 'symlink';
  /** Undefined if it was there at the start: then base/ has it. */
  readonly target: string | undefined;
  readonly base: string | undefined;
}

/** The tree at a moment of the log: what is durable, and what is pending. */
export class PowerCutModel {
  readonly nodes = new Map<number, Folder | File | Symlink>();
  readonly #wholeRenames: boolean;

  constructor(wholeRenames: boolean) {
    this.#wholeRenames = wholeRenames;
    this.nodes.set(1, { kind: 'folder', durable: new Map(), pending: [] });
  }

  folder(id: number): Folder {
    const node = this.nodes.get(id);
    if (node?.kind !== 'folder') throw new Error(`the log names ${id} as a folder`);
    return node;
  }

  #file(id: number): File {
    const node = this.nodes.get(id);
    if (node?.kind !== 'file') throw new Error(`the log names ${id} as a file`);
    return node;
  }

  #change(index: number, parent: number, name: string, id: number | undefined): NameChange {
    const folder = this.folder(parent);
    const change: NameChange = { index, folder, name, id };
    folder.pending.push(change);
    return change;
  }

  /** Makes the folder's changes up to `last` durable, and with them whatever shares their fate. */
  #commit(folder: Folder, last: number): void {
    const done = folder.pending.filter((change) => change.index <= last);
    folder.pending = folder.pending.filter((change) => change.index > last);
    for (const { name, id } of done) setName(folder.durable, name, id);
    for (const { twin } of done) if (twin !== undefined) this.#commit(twin.folder, twin.index);
  }

  /** Lets operation `index` of the log happen; in order, from 0. */
  apply(operation: Operation, index: number): void {
    switch (operation.op) {
      case 'have': {
        const { kind, path } = operation;
        if (kind === 'folder') this.nodes.set(operation.id, { kind, durable: new Map(), pending: [] });
        else if (kind === 'symlink') this.nodes.set(operation.id, { kind, target: undefined, base: path });
        else this.nodes.set(operation.id, { kind, base: path, durable: [], pending: [] });
        this.folder(operation.parent).durable.set(operation.name, operation.id);
        break;
      }
      case 'create':
        this.nodes.set(operation.id, { kind: 'file', base: undefined, durable: [], pending: [] });
        this.#change(index, operation.parent, operation.name, operation.id);
        break;
      case 'mkdir':
        this.nodes.set(operation.id, { kind: 'folder', durable: new Map(), pending: [] });
        this.#change(index, operation.parent, operation.name, operation.id);
        break;
      case 'symlink':
        this.nodes.set(operation.id, { kind: 'symlink', target: operation.target, base: undefined });
        this.#change(index, operation.parent, operation.name, operation.id);
        break;
      case 'link':
        this.#change(index, operation.parent, operation.name, operation.id);
        break;
      case 'unlink':
      case 'rmdir':
        this.#change(index, operation.parent, operation.name, undefined);
        break;
      case 'rename': {
        const removed = this.#change(index, operation.parent, operation.name, undefined);
        const added = this.#change(index, operation.toParent, operation.toName, operation.id);
        if (this.#wholeRenames) [removed.twin, added.twin] = [added, removed];
        break;
      }
      case 'write':
      case 'truncate':
      case 'zero':
        this.#file(operation.id).pending.push(operation);
        break;
      case 'fsync':
      case 'fdatasync': {
        const node = this.nodes.get(operation.id);
        if (node?.kind === 'file') node.durable.push(...node.pending.splice(0));
        break;
      }
      case 'fsyncdir':
        this.#commit(this.folder(operation.id), index);
        break;
      case 'mark':
        break;
    }
  }
}

/** Enters a name into a folder, or takes it out. */
export function setName(names: Map<string, number>, name: string, id: number | undefined): void {
  if (id === undefined) names.delete(name);
  else names.set(name, id);
}
