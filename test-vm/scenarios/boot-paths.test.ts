/** The image starts on every firmware from every medium, and says how long it took. */
import assert from 'node:assert/strict';
import { scenario } from '../src/scenario.ts';

for (const firmware of ['bios', 'uefi', 'secure-boot'] as const) {
  for (const medium of ['cd', 'usb'] as const) {
    scenario(`starts on ${firmware} from ${medium}`, {}, async (bench) => {
      const machine = await bench.start({ firmware, medium });
      const { seconds, fields } = await machine.ready();
      bench.note(`ready after ${seconds.toFixed(1)} s`);
      assert.equal(fields['root'], 'medium');
      assert.match(fields['medium'] ?? '', medium === 'cd' ? /^\/dev\/sr0$/ : /^\/dev\/sd[a-z]$/);
      assert.equal(fields['consoles'], 'tty1,ttyS0');
      const lockdown = await machine.agent.run(
        'cat /sys/kernel/security/lockdown 2>/dev/null || dmesg | grep -i lockdown || true',
      );
      if (firmware === 'secure-boot') assert.match(lockdown, /\[integrity\]|Secure Boot/i);
      assert.equal(
        await machine.agent.run('[ -d /sys/firmware/efi ] && echo uefi || echo bios'),
        firmware === 'bios' ? 'bios' : 'uefi',
      );
    });
  }
}
