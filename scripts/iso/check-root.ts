/**
 * Checks that the running system is whole and holds nothing that acts by itself: every library that a program needs,
 * every interpreter of a script, every program and driver that is promised. Usage: node scripts/iso/check-root.ts ROOT
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { CommandFailed, run, runUnpacked } from './command.ts';
import { filesOf, isElf, readPrograms, startOf } from './elf.ts';
import { parseLayouts } from './keyboard-layouts.ts';
import { moduleName } from './module-closure.ts';
import { promisedDrivers, promisedPrograms } from './promised.ts';

/** What would probe, assemble, activate or mount a disk without being asked. */
const forbidden: readonly string[] = [
  '{etc,usr/lib}/udev/rules.d',
  '{etc,usr/lib}/systemd/system',
  'usr/{sbin,bin}/{systemd-udevd,udevd,multipathd,dmraid,dmeventd,lvmpolld,automount,udisksd}',
  'etc/cron*',
];

function missingLibraries(root: string, paths: readonly string[]): string[] {
  const everywhere = ['usr/lib/x86_64-linux-gnu', 'usr/lib', 'usr/lib64'];
  return readPrograms(root, paths).flatMap(({ path, needs, searched }) => {
    const own = searched.map((folder) => folder.replace(/\$\{?ORIGIN\}?/, `/${posix.dirname(path)}`));
    const has = (name: string): boolean =>
      [...own, ...everywhere].some((folder) => existsSync(join(root, folder, name)));
    return needs.filter((name) => !has(name)).map((name) => `${path} needs ${name}`);
  });
}

/** Keyboard layouts that are listed and that its own loadkeys cannot read. */
export function brokenLayouts(root: string): string[] {
  const list = join(root, 'etc/permafrost/keymaps');
  if (!existsSync(list)) return ['etc/permafrost/keymaps is missing'];
  return parseLayouts(readFileSync(list, 'utf8')).flatMap(({ name, file }) => {
    try {
      // To read one only, `--parse`, it wants a console, which not every user has.
      const path = join(root, 'usr/share/keymaps/i386', `${file}.kmap`);
      runUnpacked(root, 'loadkeys', ['--bkeymap', '-u', path]);
      return [];
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      return [`the keyboard layout ${name} cannot be loaded: ${error.message.split('\n').at(-1)!}`];
    }
  });
}

/** What is wrong with the unpacked system in the folder `root`, one line each; none if it is whole. */
export function findProblems(root: string): string[] {
  const files = filesOf(root);
  const problems: string[] = [];
  const elf: string[] = [];
  for (const path of files) {
    const start = startOf(join(root, path), 128);
    if (isElf(start) && !path.endsWith('.ko')) elf.push(path);
    const interpreter = /^#! *(\/\S+)(?: +(\S+))?/.exec(start.toString('latin1'));
    if (interpreter === null) continue;
    const [, program, argument] = interpreter;
    const name = program!.endsWith('/env') ? `/usr/bin/${argument ?? ''}` : program!;
    if (!existsSync(join(root, name))) problems.push(`${path} is run by ${name}, which is missing`);
  }
  problems.push(...new Set(missingLibraries(root, elf)));
  for (const name of Object.values(promisedPrograms).flat()) {
    const found = ['usr/bin', 'usr/sbin'].some((folder) => existsSync(join(root, folder, name)));
    if (!found) problems.push(`the program ${name} is missing`);
  }
  const modules = globSync('usr/lib/modules/*/kernel/**/*.ko', { cwd: root });
  const builtIn = globSync('usr/lib/modules/*/modules.builtin', { cwd: root }).flatMap((path) =>
    run('cat', [join(root, path)])
      .trim()
      .split('\n'),
  );
  const drivers = new Set([...modules, ...builtIn].map(moduleName));
  for (const name of Object.values(promisedDrivers).flat())
    if (!drivers.has(name)) problems.push(`the driver ${name} is missing`);
  for (const path of globSync([...forbidden], { cwd: root })) problems.push(`${path} must not be there`);
  return problems;
}

/** Throws an Error that lists what is wrong with the system in `root`. */
export function checkRoot(root: string): void {
  const problems = [...findProblems(root), ...brokenLayouts(root)];
  if (problems.length > 0) throw new Error(`the system is not whole:\n  ${problems.sort().join('\n  ')}`);
}

if (import.meta.main) checkRoot(process.argv[2] ?? 'build/iso/root');
