/**
 * Puts a certificate into shim's list of machine owner keys (MOK), as a person would with MokManager: the variable
 * `MokList` in the file of UEFI's variables that OVMF starts with. The layout of the file is that of EDK II's
 * authenticated variables (MdeModulePkg/Include/Guid/VariableFormat.h), that of the list UEFI 2.10, 32.4.1.
 */
import { readFile, writeFile } from 'node:fs/promises';

/** A GUID as bytes: the first three numbers have their lowest byte first. */
export function encodeGuid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw new TypeError(`${text} is no GUID`);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

const authenticatedStore = encodeGuid('aaf32c78-947b-439a-a180-2e144ec37792');
const shimLock = encodeGuid('605dab50-e046-4300-abb6-3dd810dd8b23');
const x509 = encodeGuid('a5c059a1-94e4-4aa7-87b5-ab155c2bf072');

const storeHeaderBytes = 28;
const variableHeaderBytes = 60;
const startId = 0x55aa;
/** VAR_ADDED: whole, and not deleted. */
const added = 0x3f;
/** Kept when the machine is off, and not to be seen or changed by systems: shim trusts no other. */
const attributes = 0x3;

const align = (offset: number): number => (offset + 3) & ~3;

/** The certificate `der` as a list of one signature. */
export function encodeSignatureList(der: Uint8Array): Buffer {
  const header = Buffer.alloc(28);
  x509.copy(header, 0);
  header.writeUInt32LE(28 + 16 + der.length, 16);
  header.writeUInt32LE(0, 20);
  header.writeUInt32LE(16 + der.length, 24);
  return Buffer.concat([header, shimLock, der]);
}

/** Where variables begin and where the store ends in the file `store`; an Error if it is none that is known. */
function findStore(store: Buffer): { readonly start: number; readonly end: number } {
  if (store.length < 64 || store.toString('latin1', 40, 44) !== '_FVH') throw new Error('no firmware volume');
  const at = store.readUInt16LE(48);
  if (!store.subarray(at, at + 16).equals(authenticatedStore)) throw new Error('no store of variables');
  return { start: at + storeHeaderBytes, end: at + store.readUInt32LE(at + 16) };
}

interface Variable {
  readonly name: string;
  readonly state: number;
  readonly data: Buffer;
  readonly next: number;
}

function* variables(store: Buffer): Generator<Variable> {
  const { start, end } = findStore(store);
  let at = start;
  while (at + variableHeaderBytes <= end && store.readUInt16LE(at) === startId) {
    const nameBytes = store.readUInt32LE(at + 36);
    const dataBytes = store.readUInt32LE(at + 40);
    const nameAt = at + variableHeaderBytes;
    const next = align(nameAt + nameBytes + dataBytes);
    if (next > end) throw new Error('a variable goes beyond the end of the store');
    const name = store.toString('utf16le', nameAt, nameAt + nameBytes).replace(/\0$/, '');
    yield {
      name,
      state: store[at + 2]!,
      data: store.subarray(nameAt + nameBytes, nameAt + nameBytes + dataBytes),
      next,
    };
    at = next;
  }
}

/** The value of the variable `name`; undefined if there is none. */
export function readVariable(store: Buffer, name: string): Buffer | undefined {
  for (const variable of variables(store)) {
    if (variable.name === name && variable.state === added) return variable.data;
  }
  return undefined;
}

/** `store` with the certificate `der` as the only machine owner key; an Error if there is a list already. */
export function addOwnerKey(store: Buffer, der: Uint8Array): Buffer {
  if (readVariable(store, 'MokList') !== undefined) throw new Error('there is a list of owner keys already');
  const { start, end } = findStore(store);
  const at = [...variables(store)].at(-1)?.next ?? start;
  const name = Buffer.from('MokList\0', 'utf16le');
  const data = encodeSignatureList(der);
  if (align(at + variableHeaderBytes + name.length + data.length) > end) throw new Error('the store is full');
  const header = Buffer.alloc(variableHeaderBytes);
  header.writeUInt16LE(startId, 0);
  header[2] = added;
  header.writeUInt32LE(attributes, 4);
  header.writeUInt32LE(name.length, 36);
  header.writeUInt32LE(data.length, 40);
  shimLock.copy(header, 44);
  const changed = Buffer.from(store);
  Buffer.concat([header, name, data]).copy(changed, at);
  return changed;
}

/** Enrols the certificate in the file `certificate` (DER) in the file of variables `path`. */
export async function enrolOwnerKey(path: string, certificate: string): Promise<void> {
  await writeFile(path, addOwnerKey(await readFile(path), await readFile(certificate)));
}
