/** Linux systems on a disk: where they are, what their files name, and whether boot loaders lead to them. */
import type { FileTree } from '../filesystem/file-tree.ts';
import type { BiosState } from './bios.ts';
import {
  answerOf,
  anyOf,
  good,
  note,
  problem,
  unknown,
  type Answer,
  type BootFinding,
  type FirmwareAnswer,
  type InstalledSystem,
} from './boot-check.ts';
import { checkKernelCommandLines, checkTables } from './linux-references.ts';
import { parseFstab, parseGrubConfig, parseLoaderEntry } from './references.ts';
import type { SystemPartition, UefiState } from './uefi.ts';
import { explain, resolveReference, resolveSpec, type Elsewhere, type Volume } from './volumes.ts';
import { say, type Said } from '../base/remarks.ts';

/** A Linux that was found: its root, and where its kernels and boot configuration are. */
export interface LinuxRoot {
  readonly name: string;
  readonly volume: Volume;
  /** Of a Btrfs subvolume, its path. */
  readonly subvolume?: string;
  readonly files: FileTree;
  /** What is mounted on /boot, or the root itself with the folder `/boot`. */
  readonly boot: { readonly volume: Volume; readonly files: FileTree; readonly folder: string };
}

/** The systems of `volumes`; what could not be looked into goes to `notes`. */
export async function findLinux(
  volumes: readonly Volume[],
  uefi: UefiState,
  bios: BiosState,
  notes: Said[],
  elsewhere?: Elsewhere,
): Promise<InstalledSystem[]> {
  const systems: InstalledSystem[] = [];
  for (const volume of volumes) {
    try {
      for (const root of await findRoots(volume, volumes))
        systems.push(await describe(root, volumes, uefi, bios, elsewhere));
    } catch (error) {
      notes.push(say('unread/whole', { place: volume.place, problem: explain(error) }));
    }
  }
  return systems;
}

/** The roots of systems on `volume`: itself, or first-level folders of a Btrfs, which are its subvolumes. */
export async function findRoots(volume: Volume, volumes: readonly Volume[]): Promise<LinuxRoot[]> {
  const { files, info } = volume;
  if (files === undefined || info.kind.startsWith('fat') || info.kind === 'ntfs') return [];
  const folders = info.kind === 'btrfs' ? ['', ...(await files.list('/'))] : [''];
  const roots: LinuxRoot[] = [];
  for (const folder of folders) {
    const tree = folder === '' ? files : await files.below(folder);
    if (tree === undefined) continue;
    const release = (await tree.readText('/etc/os-release')) ?? (await tree.readText('/usr/lib/os-release'));
    const isSystem = release !== undefined && (await tree.find('/etc/fstab')) !== undefined;
    if (!isSystem) continue;
    roots.push({
      name: nameOf(release),
      volume,
      ...(folder === '' ? {} : { subvolume: folder }),
      files: tree,
      boot: await findBoot(volume, tree, volumes),
    });
  }
  return roots;
}

function nameOf(release: string): string {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}="?([^"\n]{1,100})"?`, 'm').exec(release)?.[1];
  return value('PRETTY_NAME') ?? value('NAME') ?? 'Linux';
}

async function findBoot(
  volume: Volume,
  files: FileTree,
  volumes: readonly Volume[],
): Promise<LinuxRoot['boot']> {
  const own = { volume, files, folder: '/boot' };
  const fstab = (await files.readText('/etc/fstab')) ?? '';
  const line = parseFstab(fstab).find(({ mountPoint }) => mountPoint === '/boot');
  if (line === undefined) return own;
  const found = resolveSpec(line.spec, volumes);
  if (found.kind !== 'here' || found.volume.files === undefined) return own;
  const subvolume = line.options.find((option) => option.startsWith('subvol='))?.slice('subvol='.length);
  const tree = subvolume === undefined ? found.volume.files : await found.volume.files.below(subvolume);
  return { volume: found.volume, files: tree ?? found.volume.files, folder: '' };
}

async function describe(
  root: LinuxRoot,
  volumes: readonly Volume[],
  uefi: UefiState,
  bios: BiosState,
  elsewhere: Elsewhere | undefined,
): Promise<InstalledSystem> {
  const findings = [
    ...(await checkTables(root, volumes, elsewhere)),
    ...(await checkKernelCommandLines(root, volumes, elsewhere)),
  ];
  const answers = {
    uefi: await byUefi(root, volumes, uefi),
    bios: await byBios(root, bios),
  };
  const found = anyOf([answers.uefi.answer, answers.bios.answer]);
  const own = answerOf(findings);
  const starts: Answer = own === 'no' || found === 'no' ? 'no' : own === 'yes' ? found : 'unknown';
  const { subvolume } = root;
  const { place } = root.volume;
  return {
    name: root.name,
    kind: 'linux',
    place: subvolume === undefined ? place : say('place/subvolume', { place, subvolume }),
    starts,
    ...answers,
    findings,
  };
}

async function byUefi(root: LinuxRoot, volumes: readonly Volume[], uefi: UefiState): Promise<FirmwareAnswer> {
  if (uefi.partitions.length === 0) return { answer: 'no', findings: [note(say('uefi/none'))] };
  const findings: BootFinding[] = [];
  let leads = false;
  let isKnown = true;
  for (const partition of uefi.partitions) {
    try {
      const found = await findLead(root, partition, volumes);
      leads ||= found.leads;
      isKnown &&= found.isKnown;
      findings.push(...found.findings);
    } catch (error) {
      isKnown = false;
      findings.push(
        unknown(say('linux/partition-unread', { place: partition.volume.place, problem: explain(error) })),
      );
    }
  }
  if (leads) return { answer: uefi.answer, findings: findings.filter(({ level }) => level !== 'problem') };
  if (!isKnown) return { answer: uefi.answer === 'no' ? 'no' : 'unknown', findings };
  if (findings.length === 0) findings.push(problem(say('linux/no-loader'), say('remedy/install-loader')));
  return { answer: 'no', findings };
}

interface Lead {
  readonly leads: boolean;
  readonly isKnown: boolean;
  readonly findings: readonly BootFinding[];
}

/** Whether something on `partition` starts `root`: GRUB's configurations, entries of systemd-boot, whole kernels. */
async function findLead(
  root: LinuxRoot,
  partition: SystemPartition,
  volumes: readonly Volume[],
): Promise<Lead> {
  const { files, volume } = partition;
  const findings: BootFinding[] = [];
  let leads = false;
  let isKnown = true;
  for (const name of await files.list('/EFI')) {
    const config = await files.readText(`/EFI/${name}/grub.cfg`);
    if (config === undefined) continue;
    const at = { file: `\\EFI\\${name}\\grub.cfg`, place: volume.place };
    for (const value of parseGrubConfig(config).searched) {
      const found = resolveReference({ kind: 'uuid', value }, volumes);
      if (found.kind !== 'here')
        findings.push(
          problem(say('linux/grub-seeks-missing', { ...at, id: value }), say('remedy/install-loader')),
        );
      else if (found.volume === root.boot.volume || found.volume === root.volume) {
        leads = true;
        findings.push(good(say('linux/grub-goes-on', { ...at, target: found.volume.place })));
      }
    }
  }
  for (const from of [files, root.boot.files]) {
    const folder = from === files ? '/loader/entries' : `${root.boot.folder}/loader/entries`;
    if (from !== files && partition.vendors.every(({ name }) => !/systemd/i.test(name))) continue;
    for (const name of await from.list(folder)) {
      const options = parseLoaderEntry((await from.readText(`${folder}/${name}`)) ?? '') ?? '';
      const spec = /(?:^|\s)root=(\S+)/.exec(options)?.[1];
      if (spec === undefined) continue;
      const found = resolveSpec(spec, volumes);
      if (found.kind !== 'here' || found.volume !== root.volume) continue;
      leads = true;
      findings.push(good(say('linux/entry-starts', { name })));
    }
  }
  if ((await files.list('/EFI/Linux')).length > 0 && !leads) {
    isKnown = false;
    findings.push(unknown(say('linux/whole-kernels', { place: volume.place })));
  }
  return { leads, isKnown, findings };
}

async function byBios(root: LinuxRoot, bios: BiosState): Promise<FirmwareAnswer> {
  if (bios.code !== 'grub') return { answer: bios.answer === 'yes' ? 'unknown' : bios.answer, findings: [] };
  if (bios.grub === undefined) return { answer: bios.answer, findings: [] };
  const { volume, folder } = bios.grub;
  if (volume !== root.boot.volume && volume !== root.volume)
    return {
      answer: 'unknown',
      findings: [note(say('linux/grub-of-other', { place: volume.place }))],
    };
  const config = await volume.files?.find(`${folder}/grub.cfg`).catch((error: unknown) => {
    explain(error);
    return undefined;
  });
  return config === undefined
    ? {
        answer: 'no',
        findings: [
          problem(say('linux/menu-missing', { file: `${folder}/grub.cfg` }), say('remedy/make-menu')),
        ],
      }
    : {
        answer: 'yes',
        findings: [good(say('linux/menu-there', { file: `${folder}/grub.cfg`, place: volume.place }))],
      };
}
