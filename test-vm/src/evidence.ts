/** What a failed scenario leaves for people: build/vm/failures/SCENARIO/. */
import { mkdir, rm, writeFile, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { buildFolder } from './places.ts';

/** Writes logs, screens and the command of each machine; resolves to the folder. */
export async function keepEvidence(
  scenario: string,
  machines: readonly Machine[],
  folders: readonly string[],
  error: unknown,
): Promise<string> {
  const name = scenario
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80);
  const folder = join(buildFolder, 'failures', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'error.txt'),
    `${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
  );
  for (const [index, machine] of machines.entries()) {
    const start = machines.length === 1 ? '' : `machine-${index + 1}-`;
    const write = (file: string, text: string): Promise<void> => writeFile(join(folder, start + file), text);
    await write('serial.log', machine.serial.log);
    await write('serial-screen.txt', `${machine.serial.text}\n`);
    await write('events.jsonl', machine.job.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    await write(
      'run-it-again.sh',
      `# The scratch files of the scenario are gone: put disks of your own there.\n${machine.command}\n`,
    );
    await copyFile(join(folders[index]!, 'qemu.log'), join(folder, `${start}qemu.log`)).catch(
      () => undefined,
    );
    if (!machine.isOn) continue;
    await machine.photograph(join(folder, `${start}screen.png`)).catch(() => undefined);
    const kernel = await machine.agent.run('dmesg; ps; cat /run/permafrost/times', 10).catch(() => undefined);
    if (kernel !== undefined) await write('guest.log', `${kernel}\n`);
  }
  return folder;
}
