/**
 * Compares the kernel's final configuration with what its fragments ask for. Kconfig drops silently what it cannot
 * have: an option of another name in a newer kernel, or one whose condition is not met. Here each such is an error.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Options and their values, `n` for those that are not set; an Error if one is given twice. */
export function parseOptions(text: string, where: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] =
      /^(CONFIG_\w+)=(.*)$/.exec(line) ?? /^# (CONFIG_\w+) is not set()$/.exec(line) ?? [];
    if (name === undefined) {
      if (/^\s*(#|$)/.test(line)) continue;
      throw new Error(`${where}: "${line}" is no option`);
    }
    if (options.has(name)) throw new Error(`${where}: ${name} is there twice`);
    options.set(name, value === '' ? 'n' : value!);
  }
  return options;
}

/** What of the fragments, texts by name, the configuration `text` has otherwise; one line each. */
export function differences(fragments: Readonly<Record<string, string>>, text: string): string[] {
  const final = parseOptions(text, '.config');
  const asked = new Map<string, string>();
  const problems: string[] = [];
  for (const [fragment, content] of Object.entries(fragments)) {
    for (const [name, value] of parseOptions(content, fragment)) {
      const other = asked.get(name);
      if (other !== undefined) problems.push(`${name} is in ${other} and in ${fragment}`);
      asked.set(name, fragment);
      const found = final.get(name) ?? 'n';
      if (found !== value) problems.push(`${fragment} asks for ${name}=${value}, the kernel has ${found}`);
    }
  }
  return problems;
}

/** Throws an Error that lists what the kernel's configuration in the file `config` has otherwise than asked for. */
export function checkKernelOptions(overlay: string, config: string): void {
  const folder = join(overlay, 'board/permafrost/linux');
  const names = globSync('*.config', { cwd: folder }).sort();
  if (names.length === 0) throw new Error(`${folder} has no fragments of a kernel configuration`);
  const fragments = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const problems = differences(fragments, readFileSync(config, 'utf8'));
  if (problems.length > 0) {
    throw new Error(`the kernel is not configured as asked for:\n  ${problems.join('\n  ')}`);
  }
}
