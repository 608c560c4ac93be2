/** The file systems that a Linux names in its own files, and whether they are there. */
import { good, note, problem, unknown, type BootFinding } from './boot-check.ts';
import type { LinuxRoot } from './linux.ts';
import {
  parseCommandLine,
  parseCrypttab,
  parseFstab,
  parseGrubConfig,
  parseLoaderEntry,
  parseSpec,
} from './references.ts';
import { resolveSpec, type Elsewhere, type Volume } from './volumes.ts';
import { say } from '../base/remarks.ts';

/** What fstab, crypttab and the initramfs's hint for resuming name. */
export async function checkTables(
  root: LinuxRoot,
  volumes: readonly Volume[],
  elsewhere: Elsewhere | undefined,
): Promise<BootFinding[]> {
  const findings: BootFinding[] = [];
  let checked = 0;
  const check = (spec: string, file: string, what: string, isNeeded: boolean): void => {
    if (parseSpec(spec) === undefined) return;
    checked++;
    const found = resolveSpec(spec, volumes, elsewhere);
    if (found.kind === 'elsewhere')
      findings.push(note(say('linux/elsewhere', { file, spec, use: what, disk: found.disk })));
    else if (found.kind === 'missing') {
      const named = { file, spec, use: what };
      findings.push(
        isNeeded
          ? problem(say('linux/missing', named), say('remedy/correct-line'))
          : note(say('linux/missing-waits', named)),
      );
    }
  };
  for (const { spec, mountPoint, type, options } of parseFstab(
    (await root.files.readText('/etc/fstab')) ?? '',
  )) {
    if (options.includes('noauto')) continue;
    const isNeeded =
      mountPoint === '/' || (elsewhere !== undefined && type !== 'swap' && !options.includes('nofail'));
    check(spec, '/etc/fstab', type === 'swap' ? 'swap' : mountPoint, isNeeded);
  }
  for (const { name, spec } of parseCrypttab((await root.files.readText('/etc/crypttab')) ?? ''))
    check(spec, '/etc/crypttab', name, elsewhere !== undefined);
  const resume = /^RESUME=(\S+)/m.exec(
    (await root.files.readText('/etc/initramfs-tools/conf.d/resume')) ?? '',
  )?.[1];
  if (resume !== undefined) check(resume, '/etc/initramfs-tools/conf.d/resume', say('linux/resumes'), false);
  if (checked > 0 && findings.length === 0) findings.push(good(say('linux/all-there')));
  return findings;
}

/** What kernels are told of their root: by GRUB's menu, entries of systemd-boot, and /etc/kernel/cmdline. */
export async function checkKernelCommandLines(
  root: LinuxRoot,
  volumes: readonly Volume[],
  elsewhere: Elsewhere | undefined,
): Promise<BootFinding[]> {
  const lines = await readCommandLines(root);
  const findings: BootFinding[] = [];
  const roots = [
    ...new Set(
      lines.flatMap(({ line }) =>
        parseCommandLine(line)
          .filter(({ option }) => option === 'root')
          .map(({ spec }) => spec),
      ),
    ),
  ];
  if (roots.length === 0) return [unknown(say('linux/no-menu'))];
  const resolved = roots.map((spec) => ({ spec, found: resolveSpec(spec, volumes, elsewhere) }));
  const own = resolved.find(({ found }) => found.kind === 'here' && found.volume === root.volume);
  if (own !== undefined) findings.push(good(say('linux/menu-root', { spec: own.spec })));
  for (const { spec, found } of resolved) {
    if (found.kind === 'missing')
      findings.push(
        own === undefined
          ? problem(say('linux/menu-root-missing', { spec }), say('remedy/correct-menu'))
          : note(say('linux/entry-root-missing', { spec })),
      );
    else if (found.kind === 'unnamed' && own === undefined)
      findings.push(unknown(say('linux/menu-root-unnamed', { spec })));
  }
  const resumes = new Set(
    lines.flatMap(({ line }) =>
      parseCommandLine(line)
        .filter(({ option }) => option !== 'root')
        .map(({ option, spec }) => `${option}=${spec}`),
    ),
  );
  for (const word of resumes) {
    const spec = word.slice(word.indexOf('=') + 1);
    if (parseSpec(spec) !== undefined && resolveSpec(spec, volumes, elsewhere).kind === 'missing')
      findings.push(note(say('linux/menu-names-missing', { word })));
  }
  return findings;
}

/** Kernel command lines, each with the file it is in. */
export async function readCommandLines(root: LinuxRoot): Promise<{ file: string; line: string }[]> {
  const { boot, files } = root;
  const lines: { file: string; line: string }[] = [];
  for (const name of ['grub/grub.cfg', 'grub2/grub.cfg']) {
    const text = await boot.files.readText(`${boot.folder}/${name}`);
    if (text !== undefined)
      for (const line of parseGrubConfig(text).commandLines) lines.push({ file: `/boot/${name}`, line });
  }
  const entries = `${boot.folder}/loader/entries`;
  for (const name of await boot.files.list(entries)) {
    const line = parseLoaderEntry((await boot.files.readText(`${entries}/${name}`)) ?? '');
    if (line !== undefined) lines.push({ file: `/boot/loader/entries/${name}`, line });
  }
  const own = await files.readText('/etc/kernel/cmdline');
  if (own !== undefined) lines.push({ file: '/etc/kernel/cmdline', line: own });
  return lines;
}
