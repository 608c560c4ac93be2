/** A disk for a BIOS that only says that it was started. */
import { open } from 'node:fs/promises';

/** Writes a disk of 4 MiB whose boot sector sends `text` to the first serial port and stops. */
export async function diskThatSays(text: string, path: string): Promise<string> {
  // mov si,0x7c00+message; cld; next: cs lodsb; test al,al; jz stop; mov dx,0x3f8; out dx,al; jmp next; stop: hlt; jmp stop
  const code = [
    ...[0xbe, 0x00, 0x7c, 0xfc],
    ...[0x2e, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf3],
    ...[0xf4, 0xeb, 0xfd],
  ];
  code[1] = code.length;
  const sector = Buffer.alloc(512);
  sector.set(code);
  sector.write(`\r\n${text}\r\n\0`, code.length, 'latin1');
  sector.set([0x55, 0xaa], 510);
  const file = await open(path, 'w');
  await file.truncate(4 << 20);
  await file.write(sector, 0, 512, 0);
  await file.close();
  return path;
}
