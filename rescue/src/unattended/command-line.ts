/** Words of the kernel's command line (Documentation/admin-guide/kernel-parameters.rst). */
import { readFile } from 'node:fs/promises';

export async function readCommandLine(): Promise<string> {
  return readFile('/proc/cmdline', 'utf8').catch(() => '');
}

/** The value of `name=VALUE`, the last one where there are several; '' for the bare word, undefined for none. */
export function commandLineWord(commandLine: string, name: string): string | undefined {
  let value: string | undefined;
  // Double quotes keep blanks together, round the whole word or round the value.
  for (const [word] of commandLine.matchAll(/(?:"[^"]*"|[^\s"])+/g)) {
    const bare = word.replaceAll('"', '');
    if (bare === name) value = '';
    else if (bare.startsWith(`${name}=`)) value = bare.slice(name.length + 1);
  }
  return value;
}
