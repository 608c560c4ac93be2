/** The machine's firmware, as arguments for QEMU: BIOS, UEFI, or UEFI that enforces Secure Boot with Microsoft's keys. */
import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { enrolOwnerKey } from './mok-list.ts';

export const firmwares = ['bios', 'uefi', 'secure-boot'] as const;
export type Firmware = (typeof firmwares)[number];

const images = {
  uefi: ['OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'],
  'secure-boot': ['OVMF_CODE_4M.secboot.fd', 'OVMF_VARS_4M.ms.fd'],
} as const;

/** Arguments for QEMU. UEFI's variables go to a file of their own in `folder`, which is kept if it is there. */
export async function firmwareArguments(firmware: Firmware, folder: string): Promise<string[]> {
  if (firmware === 'bios') return ['-machine', 'q35'];
  const [code, variables] = images[firmware].map((name) => join('/usr/share/OVMF', name));
  const own = join(folder, `${firmware}-variables.fd`);
  const there = await stat(own).then(
    () => true,
    () => false,
  );
  if (!there) {
    await copyFile(variables!, own).catch((error: unknown) => {
      throw new Error(`UEFI needs Debian's package ovmf: ${(error as Error).message}`);
    });
    const ownerKey = process.env['PERMAFROST_OWNER_KEY'] ?? '';
    if (firmware === 'secure-boot' && ownerKey !== '') await enrolOwnerKey(own, ownerKey);
  }
  const secure = [
    '-global',
    'driver=cfi.pflash01,property=secure,value=on',
    '-global',
    'ICH9-LPC.disable_s3=1',
  ];
  return [
    '-machine',
    firmware === 'secure-boot' ? 'q35,smm=on' : 'q35',
    ...(firmware === 'secure-boot' ? secure : []),
    '-drive',
    `if=pflash,format=raw,unit=0,readonly=on,file=${code!}`,
    '-drive',
    `if=pflash,format=raw,unit=1,file=${own}`,
  ];
}
