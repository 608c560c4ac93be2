/** The image starts on the firmwares and from the media that boot-paths.test.ts leaves to this one. */
import assert from 'node:assert/strict';
import { copyFile, truncate } from 'node:fs/promises';
import { scenario } from '../src/scenario.ts';
import { startsOn } from '../src/starts-on.ts';

startsOn('bios', 'cd');
startsOn('uefi', 'cd');
startsOn('uefi', 'usb');

scenario('starts on bios from a card', {}, async (bench) => {
  const path = bench.path('card.img');
  await copyFile(bench.iso, path);
  await truncate(path, 128 << 20);
  const machine = await bench.start({ medium: 'none', disks: [{ name: 'card', bus: 'sd', path }] });
  const { fields } = await machine.ready();
  assert.equal(fields['medium'], '/dev/mmcblk0');
});
