/** Which machine this is, for telling images apart. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { firmwareId } from '../base/machine-name.ts';

/** Host name, and what the firmware says of the machine where it may be read. */
export async function describeMachine(): Promise<{ hostname: string; id?: string; model?: string }> {
  const id = await firmwareId();
  const model = await readDmi('product_name');
  return {
    hostname: hostname(),
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
  };
}

async function readDmi(name: string): Promise<string | undefined> {
  try {
    const text = (await readFile(`/sys/class/dmi/id/${name}`, 'utf8')).trim();
    return text === '' ? undefined : text;
  } catch {
    // Virtual machines without firmware tables, or no permission: then the host name has to do.
    return undefined;
  }
}
