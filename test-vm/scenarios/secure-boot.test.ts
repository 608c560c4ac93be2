/** Under Secure Boot nothing starts that was not signed as it is. */
import assert from 'node:assert/strict';
import { damagedCopy } from '../src/iso-files.ts';
import { scenario } from '../src/scenario.ts';

scenario('Secure Boot refuses a kernel in which one bit was changed', {}, async (bench) => {
  const iso = await damagedCopy(bench.iso, '/boot/vmlinuz', bench.path('tampered.iso'), 0.5);
  const machine = await bench.start({ iso, firmware: 'secure-boot' });
  await machine.serial.says(/bad shim signature/, 120);
  assert.doesNotMatch(machine.serial.plainLog, /Linux version|permafrost: ready/);
});
