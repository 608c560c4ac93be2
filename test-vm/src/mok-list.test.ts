/** A machine owner key in a file of UEFI variables: made, read back, and refused where it does not fit. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { addOwnerKey, encodeGuid, encodeSignatureList, readVariable } from './mok-list.ts';

const own = '/usr/share/OVMF/OVMF_VARS_4M.ms.fd';

/** A store of `bytes` for variables with nothing in it, as OVMF's empty file has it. */
function emptyStore(bytes: number): Buffer {
  const store = Buffer.alloc(72 + bytes, 0xff);
  store.fill(0, 0, 72);
  store.write('_FVH', 40, 'latin1');
  store.writeUInt16LE(72, 48);
  encodeGuid('aaf32c78-947b-439a-a180-2e144ec37792').copy(store, 72);
  store.writeUInt32LE(bytes, 72 + 16);
  return store;
}

void test('a GUID has the bytes that UEFI writes', () => {
  assert.equal(
    encodeGuid('a5c059a1-94e4-4aa7-87b5-ab155c2bf072').toString('hex'),
    'a159c0a5e494a74a87b5ab155c2bf072',
  );
  assert.throws(() => encodeGuid('a5c059a1'), TypeError);
});

void test('the list has one signature, with its owner before it', () => {
  const list = encodeSignatureList(Buffer.from('certificate'));
  assert.equal(list.readUInt32LE(16), list.length);
  assert.equal(list.readUInt32LE(24), 16 + 11);
  assert.equal(list.toString('latin1', 28 + 16), 'certificate');
});

void test('a key is added behind what is there, once, and only where it fits', () => {
  const der = Buffer.from('a certificate of some length');
  const store = addOwnerKey(emptyStore(400), der);
  assert.deepEqual(readVariable(store, 'MokList'), encodeSignatureList(der));
  assert.equal(readVariable(store, 'Boot0000'), undefined);
  assert.throws(() => addOwnerKey(store, der), /already/);
  assert.throws(() => addOwnerKey(emptyStore(120), der), /full/);
  assert.throws(() => addOwnerKey(Buffer.alloc(100), der), /no firmware volume/);
});

void test("it goes behind Microsoft's keys in OVMF's own file", { skip: !existsSync(own) }, () => {
  const before = readFileSync(own);
  const after = addOwnerKey(before, Buffer.alloc(900, 7));
  assert.equal(after.length, before.length);
  for (const name of ['PK', 'KEK', 'db'])
    assert.deepEqual(readVariable(after, name), readVariable(before, name));
  assert.ok((readVariable(after, 'db')?.length ?? 0) > 1000);
  assert.equal(readVariable(after, 'MokList')?.length, 28 + 16 + 900);
});
