/** What each entry of the boot menu does, on BIOS and UEFI. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { chooseEntry } from '../src/boot-menu.ts';
import { diskThatSays } from '../src/boot-sector.ts';
import type { Firmware } from '../src/firmware.ts';
import { extractFile } from '../src/iso-files.ts';
import { makeLabelledStick, putOnStick } from '../src/labelled-stick.ts';
import type { Machine } from '../src/machine.ts';
import { scenario, type Bench } from '../src/scenario.ts';
import { eventually, shareOfColour, vgaText } from '../src/screen-text.ts';

const firmwares: readonly Firmware[] = ['bios', 'uefi'];

for (const firmware of firmwares) {
  scenario(`${firmware}: all in memory, so that the medium can be taken out`, {}, async (bench) => {
    const machine = await bench.start({ firmware });
    await chooseEntry(machine, 'Permafrost, all in memory');
    const { fields } = await machine.ready();
    assert.equal(fields['root'], 'ram');
    await machine.eject();
    // More than what is in the page cache.
    await machine.agent.run(
      'echo 3 >/proc/sys/vm/drop_caches; find /usr -xdev -type f -exec cat {} + | wc -c',
      180,
    );
    assert.match(await machine.agent.run('permafrost --version'), /\d/);
  });

  scenario(`${firmware}: low memory, one console`, {}, async (bench) => {
    const machine = await bench.start({ firmware, memoryMB: 2048 });
    await chooseEntry(machine, 'Permafrost, low memory');
    const { fields } = await machine.ready();
    assert.deepEqual([fields['root'], fields['consoles']], ['medium', 'tty1']);
  });

  scenario(`${firmware}: safe graphics, without a graphics driver`, {}, async (bench) => {
    const machine = await bench.start({ firmware });
    await chooseEntry(machine, 'Permafrost, safe graphics');
    await machine.ready();
    // Where the kernel shows the firmware's picture by simpledrm, that is a card too.
    const drivers =
      'for card in /sys/class/drm/card?; do [ ! -e $card ] || readlink $card/device/driver; done';
    assert.match(await machine.agent.run(drivers), /^(.*simple-framebuffer\n?)?$/);
  });

  scenario(`${firmware}: serial only`, {}, async (bench) => {
    const machine = await bench.start({ firmware });
    await chooseEntry(machine, 'Permafrost, serial only');
    const { fields } = await machine.ready();
    assert.equal(fields['consoles'], 'ttyS0');
  });

  scenario(`${firmware}: the medium is checked first`, {}, async (bench) => {
    const machine = await bench.start({ firmware });
    await chooseEntry(machine, 'Permafrost, check the medium first');
    await machine.serial.says(/the medium is good/, 120);
    await machine.ready();
  });

  scenario(`${firmware}: a German keyboard`, {}, async (bench) => {
    const machine = await bench.start({ firmware });
    await chooseEntry(machine, 'Keyboard layout');
    await chooseEntry(machine, 'German');
    await chooseEntry(machine, 'Permafrost');
    await machine.ready();
    await machine.press('alt-f2', 'ret');
    // The keys that an American keyboard has as `echo zy[ > /tmp/keys`, less what is elsewhere.
    await machine.press('e', 'c', 'h', 'o', 'spc', 'z', 'y', 'semicolon', 'bracket_left', 'spc');
    await machine.press('shift-less', 'shift-7', 't', 'm', 'p', 'shift-7', 'k', 'ret');
    const typed = await eventually(
      async () => {
        const { code, output } = await machine.agent.try('cat /tmp/k');
        return code === 0 && output.length > 0 ? output.toString() : undefined;
      },
      20,
      'the shell has got what was typed',
    );
    assert.equal(typed, 'yzöü\n');
  });

  scenario(`${firmware}: power off`, {}, async (bench) => {
    const machine = await bench.start({ firmware });
    await chooseEntry(machine, 'Power off');
    await machine.switchedOff();
  });
}

for (const medium of ['cd', 'usb'] as const) {
  scenario(`bios, ${medium}: the system of the disk starts`, {}, async (bench) => {
    const path = await diskThatSays('THE DISK HAS STARTED', bench.path('disk.img'));
    const machine = await bench.start({ medium, disks: [{ name: 'disk', path, bus: 'ahci' }] });
    await chooseEntry(machine, 'Start from the disk');
    await machine.serial.says(/THE DISK HAS STARTED/, 60);
  });

  scenario(`uefi, ${medium}: the system of the disk starts`, {}, async (bench) => {
    const path = await makeLabelledStick(bench.path('disk.img'), 'SYSTEM', 64);
    const program = bench.path('program.efi');
    await extractFile(bench.iso, '/boot/memtest.efi', program);
    await putOnStick(path, 'EFI/BOOT/BOOTX64.EFI', await readFile(program));
    const disk = { name: 'disk', path, bus: 'ahci', bootIndex: 1 } as const;
    const machine = await bench.start({ firmware: 'uefi', medium, disks: [disk] });
    await chooseEntry(machine, 'Start from the disk');
    await showsMemoryTest(machine, bench);
  });
}

scenario('bios: memory test', {}, async (bench) => {
  const machine = await bench.start({ memoryMB: 256 });
  await chooseEntry(machine, 'Memory test');
  const isThere = async (): Promise<true | undefined> =>
    (await vgaText(machine, bench.path('screen'))).some((row) => /Memtest86\+/.test(row)) || undefined;
  await eventually(isThere, 60, 'the memory test is on the screen');
});

scenario('uefi: memory test', {}, async (bench) => {
  const machine = await bench.start({ firmware: 'uefi', memoryMB: 256 });
  await chooseEntry(machine, 'Memory test');
  await showsMemoryTest(machine, bench);
});

/** It draws its own letters there, which cannot be read; but nothing else is blue. */
async function showsMemoryTest(machine: Machine, bench: Bench): Promise<void> {
  const isThere = async (): Promise<true | undefined> =>
    (await shareOfColour(machine, bench.path('screen.ppm'), [0, 0, 170])) > 0.3 || undefined;
  await eventually(isThere, 60, 'the memory test is on the screen');
}
