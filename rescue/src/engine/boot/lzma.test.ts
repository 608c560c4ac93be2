import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeLzma } from './lzma.ts';

/** `xz --format=raw --lzma1=lc=3,lp=0,pb=2` of the text below. */
const packed = Buffer.from(
  '00239486e0bd33fbb82fc1c838920159a0eaf5b437b4b49e1018442611fec87378643d0216c301106a1133b6c3b5c9b14c49bc749b067022d090a55c18acd708512d2182391da198574b24adffef096000',
  'hex',
);

const text = `${'GRUB GRUB GRUB loads its core image. '.repeat(3)}${String.fromCharCode(...Array(40).keys())}`;

test('a stream of xz', () => {
  const unpacked = decodeLzma(packed, text.length, { lc: 3, lp: 0, pb: 2 });
  assert.equal(Buffer.from(unpacked).toString('latin1'), text);
});

test('garbage is refused', () => {
  const properties = { lc: 3, lp: 0, pb: 2 };
  assert.throws(() => decodeLzma(new Uint8Array(3), 10, properties), /does not begin/);
  assert.throws(() => decodeLzma(Buffer.from('ff00000000', 'hex'), 10, properties), /does not begin/);
  assert.throws(
    () => decodeLzma(packed.subarray(0, 6), 1000, properties),
    /ends too early|before its beginning/,
  );
});
