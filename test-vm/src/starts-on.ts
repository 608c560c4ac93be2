/** That the image starts on a firmware from a medium, as a scenario; it says how long that took. */
import assert from 'node:assert/strict';
import type { Firmware } from './firmware.ts';
import type { Medium } from './qemu-arguments.ts';
import { scenario } from './scenario.ts';

export function startsOn(firmware: Firmware, medium: Medium): void {
  scenario(`starts on ${firmware} from ${medium}`, {}, async (bench) => {
    const machine = await bench.start({ firmware, medium });
    const { seconds, fields } = await machine.ready();
    bench.note(`ready after ${seconds.toFixed(1)} s`);
    assert.equal(fields['root'], 'medium');
    assert.match(fields['medium'] ?? '', medium === 'cd' ? /^\/dev\/sr0$/ : /^\/dev\/sd[a-z]$/);
    assert.equal(fields['consoles'], 'tty1,ttyS0');
    // Debian's kernel says that it is locked down because of it, one that was built from source what it found.
    const secure = await machine.agent.run('dmesg | grep -i "secure boot" || true');
    if (firmware === 'secure-boot')
      assert.match(secure, /secure boot enabled|locked down from EFI Secure Boot/i);
    else assert.doesNotMatch(secure, /enabled|locked down/i);
    assert.equal(
      await machine.agent.run('[ -d /sys/firmware/efi ] && echo uefi || echo bios'),
      firmware === 'bios' ? 'bios' : 'uefi',
    );
    // What a person at the console gets are not the small programs of the shell.
    const tools = await machine.agent.run("sh -lc 'fdisk --version; lsblk --version; mke2fs -V' 2>&1");
    assert.match(tools, /^fdisk from util-linux.*\nlsblk from util-linux.*\nmke2fs 1\./);
  });
}
