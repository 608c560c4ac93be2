/** BCD stores as hivex, which is not our own code, writes them; only the empty hive that it fills is made here. */
import { writeFile } from 'node:fs/promises';
import { run } from '../support/command.ts';

const BIN_BYTES = 4096;

/** A hive with nothing but a root key ("Windows registry file format specification", M. Suhanov). */
function emptyHive(): Buffer {
  const base = Buffer.alloc(4096);
  base.write('regf', 0, 'latin1');
  base.writeUInt32LE(1, 4);
  base.writeUInt32LE(1, 8);
  base.writeUInt32LE(1, 20);
  base.writeUInt32LE(5, 24);
  base.writeUInt32LE(1, 32);
  base.writeUInt32LE(32, 36);
  base.writeUInt32LE(BIN_BYTES, 40);
  base.writeUInt32LE(1, 44);
  let sum = 0;
  for (let at = 0; at < 508; at += 4) sum ^= base.readUInt32LE(at);
  base.writeUInt32LE(sum >>> 0, 508);
  const bin = Buffer.alloc(BIN_BYTES);
  bin.write('hbin', 0, 'latin1');
  bin.writeUInt32LE(BIN_BYTES, 8);
  const root = 32;
  const name = 'NewStoreRoot';
  const keyBytes = 4 + 76 + name.length;
  const cellBytes = Math.ceil(keyBytes / 8) * 8;
  bin.writeInt32LE(-cellBytes, root);
  bin.write('nk', root + 4, 'latin1');
  bin.writeUInt16LE(0x2c, root + 6);
  for (const at of [28, 32, 40, 44, 48]) bin.writeUInt32LE(0xffffffff, root + 4 + at);
  const security = root + cellBytes;
  bin.writeUInt32LE(security, root + 4 + 44);
  bin.writeUInt16LE(name.length, root + 4 + 72);
  bin.write(name, root + 4 + 76, 'latin1');
  const descriptor = Buffer.from(
    '0100048014000000240000000000000034000000010200000000000520000000200200000102000000000005200000002002000002001c000100000000031400ff010f00010100000000000512000000',
    'hex',
  );
  const securityBytes = Math.ceil((4 + 20 + descriptor.length) / 8) * 8;
  bin.writeInt32LE(-securityBytes, security);
  bin.write('sk', security + 4, 'latin1');
  bin.writeUInt32LE(security, security + 8);
  bin.writeUInt32LE(security, security + 12);
  bin.writeUInt32LE(1, security + 16);
  bin.writeUInt32LE(descriptor.length, security + 20);
  descriptor.copy(bin, security + 24);
  const free = security + securityBytes;
  bin.writeInt32LE(BIN_BYTES - free, free);
  return Buffer.concat([base, bin]);
}

/** A GUID as Windows stores it, its first groups little-endian. */
export function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

/** The element of a partition device, as Windows writes it: 88 bytes. */
export function partitionDevice(
  place:
    | { readonly partitionId: string; readonly diskId: string }
    | { readonly start: number; readonly signature: number },
): Buffer {
  const bytes = Buffer.alloc(88);
  bytes.writeUInt32LE(6, 16);
  bytes.writeUInt32LE(72, 24);
  if ('diskId' in place) {
    guidBytes(place.partitionId).copy(bytes, 32);
    guidBytes(place.diskId).copy(bytes, 56);
  } else {
    bytes.writeBigUInt64LE(BigInt(place.start), 32);
    bytes.writeUInt32LE(1, 52);
    bytes.writeUInt32LE(place.signature, 56);
  }
  return bytes;
}

export interface StoreOptions {
  /** What the boot manager is on. */
  readonly manager: Buffer;
  /** What Windows is on. */
  readonly windows: Buffer;
}

const hex = (bytes: Buffer, type = 'hex'): string =>
  `${type}:${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(',')}`;

/** Writes a registry with the drive letters `devices` to `path`. */
export async function writeDriveLetters(
  path: string,
  devices: Readonly<Record<string, Buffer>>,
): Promise<void> {
  const values = Object.entries(devices).map(
    ([letter, bytes]) => `"\\\\DosDevices\\\\${letter}:"=${hex(bytes)}`,
  );
  await writeHive(path, ['Windows Registry Editor Version 5.00', '', '[\\MountedDevices]', ...values]);
}

/** Writes a store with a boot manager and one Windows to `path`. */
export async function writeStore(path: string, { manager, windows }: StoreOptions): Promise<void> {
  const text = (value: string): string => hex(Buffer.from(`${value}\0`, 'utf16le'), 'hex(1)');
  const entry = (id: string, type: string, elements: Readonly<Record<string, string>>): string[] => [
    `[\\Objects\\${id}]`,
    `[\\Objects\\${id}\\Description]`,
    `"Type"=dword:${type}`,
    `[\\Objects\\${id}\\Elements]`,
    ...Object.entries(elements).flatMap(([name, value]) => [
      `[\\Objects\\${id}\\Elements\\${name}]`,
      `"Element"=${value}`,
    ]),
  ];
  const lines = [
    'Windows Registry Editor Version 5.00',
    '',
    '[\\Objects]',
    ...entry('{9dea862c-5cdd-4e70-acc1-f32b344d4795}', '10100002', {
      11000001: hex(manager),
      12000004: text('Windows Boot Manager'),
    }),
    ...entry('{5189b25c-5558-4bf2-bca4-289b11bd29e2}', '10200003', {
      11000001: hex(windows),
      12000002: text('\\Windows\\system32\\winload.efi'),
      12000004: text('Windows 11'),
      21000001: hex(windows),
    }),
  ];
  await writeHive(path, lines);
}

async function writeHive(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, emptyHive());
  await writeFile(
    `${path}.reg`,
    lines.map((line) => (line.startsWith('[') ? `\r\n${line}\r\n` : `${line}\r\n`)).join(''),
  );
  await run('hivexregedit', ['--merge', path, `${path}.reg`]);
}
