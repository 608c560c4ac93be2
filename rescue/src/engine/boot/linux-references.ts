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
      findings.push(note(`${file} names ${spec} (${what}), which is on ${found.disk}.`));
    else if (found.kind === 'missing') {
      const text = `${file} names ${spec} (${what}), which is not on this disk`;
      findings.push(
        isNeeded
          ? problem(`${text}.`, 'Correct the line; "lsblk -f" shows what there is.')
          : note(`${text}: the system waits for it, then goes on or asks.`),
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
  if (resume !== undefined)
    check(resume, '/etc/initramfs-tools/conf.d/resume', 'where it resumes from', false);
  if (checked > 0 && findings.length === 0)
    findings.push(good('All file systems that /etc/fstab and /etc/crypttab name are on this disk.'));
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
  if (roots.length === 0) return [unknown('No boot menu that tells a kernel where its root is was found.')];
  const resolved = roots.map((spec) => ({ spec, found: resolveSpec(spec, volumes, elsewhere) }));
  const own = resolved.find(({ found }) => found.kind === 'here' && found.volume === root.volume);
  if (own !== undefined) findings.push(good(`The boot menu tells the kernel its root: ${own.spec}.`));
  for (const { spec, found } of resolved) {
    if (found.kind === 'missing')
      findings.push(
        own === undefined
          ? problem(
              `The boot menu tells the kernel that its root is ${spec}, which is not on this disk.`,
              'Correct it, or run grub-mkconfig in the system.',
            )
          : note(`An entry of the boot menu names the root ${spec}, which is not on this disk.`),
      );
    else if (found.kind === 'unnamed' && own === undefined)
      findings.push(
        unknown(
          `The boot menu tells the kernel that its root is ${spec}, a name that does not say which disk.`,
        ),
      );
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
      findings.push(note(`The boot menu names ${word}, which is not on this disk.`));
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
