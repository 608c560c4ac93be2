/** More layouts of HFS Plus: see hfsplus.test.ts. */
import { test } from 'node:test';
import { needsFsck, proveEmpty } from './support-hfsplus.ts';

for (const options of [
  ['-b', '512'],
  ['-b', '1024'],
  ['-b', '4096'],
  ['-b', '16384', '-s'],
])
  test(`only what is used matters on an empty volume: ${options.join(' ')}`, { skip: needsFsck }, (t) =>
    proveEmpty(t, options),
  );
