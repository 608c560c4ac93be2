/**
 * How files of installed systems name file systems and partitions: `UUID=`, `PARTUUID=` and the like in fstab(5),
 * crypttab(5), kernel command lines and GRUB's `search`, and the links of /dev/disk.
 */

export type ReferenceKind = 'uuid' | 'partuuid' | 'label' | 'partlabel';

export interface Reference {
  readonly kind: ReferenceKind;
  readonly value: string;
}

const links: Readonly<Record<string, ReferenceKind>> = {
  'by-uuid': 'uuid',
  'by-partuuid': 'partuuid',
  'by-label': 'label',
  'by-partlabel': 'partlabel',
};

/** What `spec`, as in the first field of fstab, names; `undefined` for names that say nothing of what is there. */
export function parseSpec(spec: string): Reference | undefined {
  const [, name, quoted] = /^(UUID|PARTUUID|LABEL|PARTLABEL)=(.+)$/i.exec(spec) ?? [];
  if (name !== undefined) {
    const value = quoted!.replace(/^(["'])(.*)\1$/, '$2');
    return value === '' ? undefined : { kind: name.toLowerCase() as ReferenceKind, value };
  }
  const [, link, value] = /^\/dev\/disk\/(by-[a-z]+)\/(.+)$/.exec(spec) ?? [];
  const kind = link === undefined ? undefined : links[link];
  return kind === undefined
    ? undefined
    : {
        kind,
        value: value!.replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
          String.fromCharCode(parseInt(hex, 16)),
        ),
      };
}

/** For people and as in the files: `UUID=…`. */
export function referenceText({ kind, value }: Reference): string {
  return `${kind.toUpperCase()}=${value}`;
}

export interface FstabLine {
  readonly spec: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The entries of an fstab. */
export function parseFstab(text: string): FstabLine[] {
  return tableLines(text).flatMap(([spec, mountPoint, type, options = '']) =>
    spec === undefined || mountPoint === undefined || type === undefined
      ? []
      : [{ spec: unescape(spec), mountPoint: unescape(mountPoint), type, options: options.split(',') }],
  );
}

export interface CrypttabLine {
  readonly name: string;
  readonly spec: string;
}

/** The entries of a crypttab. */
export function parseCrypttab(text: string): CrypttabLine[] {
  return tableLines(text).flatMap(([name, spec]) =>
    name === undefined || spec === undefined ? [] : [{ name, spec }],
  );
}

function tableLines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
}

function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** A file system that a kernel command line names, and as what. */
export interface NamedByKernel {
  /** `root`, `resume`, or the name of another option. */
  readonly option: string;
  readonly spec: string;
}

/** What the kernel command line `line` names. */
export function parseCommandLine(line: string): NamedByKernel[] {
  return line.split(/\s+/).flatMap((word): NamedByKernel[] => {
    const [, option, spec] = /^([a-z_.]+)=(.+)$/.exec(word) ?? [];
    if (option === undefined || spec === undefined) return [];
    const bare = spec.replace(/^["']|["']$/g, '');
    if (option === 'root' || option === 'resume') return [{ option, spec: bare }];
    // Dracut's and mkinitcpio's: a LUKS volume by its UUID.
    if (option === 'rd.luks.uuid' || option === 'rd.luks.name')
      return [{ option, spec: `UUID=${bare.replace(/^luks-/, '').split('=')[0]!}` }];
    if (option === 'cryptdevice') return [{ option, spec: bare.split(':')[0]! }];
    return [];
  });
}

/** What a GRUB configuration names: kernel command lines, and file systems it searches for. */
export interface GrubConfig {
  readonly commandLines: readonly string[];
  /** Values of `search --fs-uuid` and `search.fs_uuid`. */
  readonly searched: readonly string[];
  /** What `prefix` is set to, without the device. */
  readonly prefix?: string;
  /** Other configurations that it goes on with. */
  readonly next: readonly string[];
}

const MAX_LINES = 100_000;

export function parseGrubConfig(text: string): GrubConfig {
  const commandLines: string[] = [];
  const searched = new Set<string>();
  const next: string[] = [];
  let prefix: string | undefined;
  for (const line of text.split('\n', MAX_LINES)) {
    const words = line.trim().split(/\s+/);
    const command = words[0] ?? '';
    if (/^linux(16|efi)?$/.test(command)) commandLines.push(words.slice(1).join(' '));
    else if (command === 'search.fs_uuid' && words[1] !== undefined) searched.add(words[1]);
    else if (command === 'search' && /\s(--fs-uuid|-u)\b/.test(line)) {
      const value = searchedUuid(words);
      if (value !== undefined) searched.add(value);
    } else if (command === 'set' || command === 'prefix') {
      const [, path] = /prefix=.*?(\/[^'"\s]*)/.exec(line) ?? [];
      if (path !== undefined) prefix = path;
    } else if ((command === 'configfile' || command === 'source') && words[1] !== undefined)
      next.push(words[1].replace(/^["']|["']$/g, ''));
  }
  return { commandLines, searched: [...searched], next, ...(prefix === undefined ? {} : { prefix }) };
}

/** The UUID is the only word that is no option and not the value of one. */
function searchedUuid(words: readonly string[]): string | undefined {
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (/^(--set|-s)$/.test(word)) i++;
    else if (/^[0-9A-Fa-f-]{8,36}$/.test(word) && !word.startsWith('-')) return word;
  }
  return undefined;
}

/** The options of an entry after the Boot Loader Specification: a kernel command line; `undefined` if it has none. */
export function parseLoaderEntry(text: string): string | undefined {
  const lines = text.split('\n').flatMap((line) => {
    const [, options] = /^\s*options\s+(.*)$/.exec(line) ?? [];
    return options === undefined ? [] : [options];
  });
  return lines.length === 0 ? undefined : lines.join(' ');
}
