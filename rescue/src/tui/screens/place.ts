/** Where images are kept: a file system of a disk, a share, a folder; and the folder within it. */
import type { ListedDisk, ListedRegion } from '../../engine/index.ts';
import type { RepositoryRule } from '../../unattended/job-file.ts';
import type { FoundServer } from '../../unattended/find-servers.ts';
import { folderText, typedFolder } from '../flow/job.ts';
import { serverText } from '../flow/rules.ts';
import type { Field } from '../flow/parts.ts';
import { diskKey, type FlowState } from '../flow/state.ts';
import type { Block, ChoiceItem, Item, View } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { contentName } from './disk-words.ts';
import { isOwnPlace, labelWords, partitionPath, regionWhere } from './place-words.ts';
import { diskListStatus, plugItem } from './sources.ts';

const writable = new Set([
  'ext2',
  'ext3',
  'ext4',
  'ntfs',
  'fat12',
  'fat16',
  'fat32',
  'exfat',
  'xfs',
  'btrfs',
  'f2fs',
]);
const readable = new Set(['iso9660', 'udf', 'squashfs', 'erofs', 'hfsplus', 'hfsx']);

export function placeView(state: FlowState, words: Words): View {
  const { place: w, keys } = words;
  const flow = storing(state);
  const servers: readonly (readonly ['nfs' | 'smb' | 'ssh' | 'path', string])[] = [
    ['nfs', w.nfs],
    ['smb', w.smb],
    ['ssh', w.ssh],
    ['path', w.path],
  ];
  const items = placeItems(state, words);
  // What can be chosen comes first: the disk that is saved may have many partitions.
  const open = state.place?.disks ?? [];
  const isOpen = ({ enter }: ChoiceItem): number =>
    enter?.kind === 'open-place' && enter.disks.some((path) => open.includes(path)) ? 0 : 1;
  const good = items
    .filter(({ reason }) => reason === undefined)
    // Where images were stored or found before is the likeliest of them.
    .toSorted((a, b) => isOpen(a) - isOpen(b));
  const grey = items.filter(({ reason }) => reason !== undefined);
  return {
    step: 'place',
    title: w.title[flow],
    question: w.question[flow],
    body: diskListStatus(state, words),
    items: [
      ...withHeading(w.onDisks, [...good, plugItem(w.plug)]),
      ...withHeading(
        w.onServers,
        servers.map(([step, label]): Item => ({
          kind: 'choice',
          id: step,
          label,
          enter: { kind: 'go', step },
        })),
      ),
      ...withHeading(w.notPossible, grey),
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

/** Where the logs go: the same disks and sticks. */
export function saveLogsView(state: FlowState, words: Words): View {
  const { place: w, keys } = words;
  return {
    step: 'save-logs',
    title: w.title.logs,
    question: w.question.logs,
    body: diskListStatus(state, words),
    items: [
      ...placeItems({ ...state, sources: [] }, words).map((item): Item => {
        if (item.enter?.kind !== 'open-place') return item;
        return { ...item, enter: { kind: 'save-logs', rule: item.enter.rule, label: item.enter.label } };
      }),
      plugItem(w.plug),
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: words.logs.help,
  };
}

function withHeading(heading: string | undefined, items: readonly Item[]): Item[] {
  return items.map((item, i) => (i === 0 && heading !== undefined ? { ...item, heading } : item));
}

/** What the place is for; a copy needs none. */
function storing({ flow }: FlowState): 'image' | 'restore' | 'verify' {
  return flow === 'restore' || flow === 'verify' ? flow : 'image';
}

/** Every file system of every disk that could hold images, and why one cannot. */
function placeItems(state: FlowState, words: Words): ChoiceItem[] {
  return (state.disks ?? []).flatMap((listed) =>
    listed.regions
      .filter(({ fileSystem }) => writable.has(fileSystem.kind) || readable.has(fileSystem.kind))
      .map((region) => placeItem(listed, region, state, words)),
  );
}

function placeItem(listed: ListedDisk, region: ListedRegion, state: FlowState, words: Words): ChoiceItem {
  const { format, place: w } = words;
  const { disk } = listed;
  const { fileSystem, length } = region;
  const where = regionWhere(listed, region, words);
  const name = labelWords(region);
  const label = `${name}${contentName(fileSystem.kind, words)}, ${format.bytes(length)}`;
  const base = {
    kind: 'choice',
    id: `${diskKey(listed)}/${region.name}`,
    label,
    detail: [text(where)],
    ...(state.fresh.includes(diskKey(listed)) ? { aside: words.common.new } : {}),
  } as const;
  const rule = ruleFor(listed, region, state, words);
  if (typeof rule === 'string') return { ...base, reason: rule };
  const open = { kind: 'open-place', rule, label: `${name}${where}`, disks: [disk.path] } as const;
  if (!writable.has(fileSystem.kind) && state.flow === 'image')
    return { ...base, reason: w.readOnlyKind(contentName(fileSystem.kind, words)) };
  const isSource = state.flow === 'image' && state.sources.some(({ path }) => path === disk.path);
  if (!isSource) return { ...base, enter: open };
  // Grey, but it can be insisted on, after the rule was explained.
  return {
    ...base,
    reason: w.onSource,
    enter: { kind: 'ask', question: { id: 'same-disk', yes: { ...open, sameDisk: true } } },
  };
}

/** The rule that names this file system and no other one, or why there is none. */
function ruleFor(
  listed: ListedDisk,
  region: ListedRegion,
  state: FlowState,
  words: Words,
): RepositoryRule | string {
  const { place: w } = words;
  const path = partitionPath(listed, region);
  // What Permafrost mounted itself it unmounts when nobody needs it: only what others mounted stays where it is.
  const mounted = listed.uses.find(
    ({ kind, what, by }) => kind === 'mounted' && what === path && !isOwnPlace(by),
  );
  if (mounted !== undefined) return { path: mounted.by };
  const { uuid, label } = region.fileSystem;
  const count = (test: (other: ListedRegion) => boolean): number =>
    (state.disks ?? []).flatMap(({ regions }) => regions).filter(test).length;
  if (uuid !== undefined) {
    if (count(({ fileSystem }) => fileSystem.uuid?.toLowerCase() === uuid.toLowerCase()) > 1)
      return w.twins(uuid);
    return { uuid, folder: '.' };
  }
  if (label === undefined) return w.noId;
  return count(({ fileSystem }) => fileSystem.label === label) > 1 ? w.twins(label) : { label, folder: '.' };
}

type NetworkShare = 'nfs' | 'smb' | 'ssh';

function serversOf(share: NetworkShare, { servers = [] }: FlowState): readonly FoundServer[] {
  return servers.filter(({ kind }) => kind === share);
}

function searchBlocks(share: NetworkShare, state: FlowState, { share: w }: Words): Block[] {
  if (state.servers === undefined) return [text(w.searching, 'warning')];
  return serversOf(share, state).length === 0 ? [text(w.noneFound)] : [];
}

interface ShareField {
  readonly field: Field;
  readonly label: string;
  readonly placeholder?: string;
  readonly secret?: boolean;
}

export function shareView(share: 'nfs' | 'smb' | 'ssh' | 'path', state: FlowState, words: Words): View {
  const { share: w, keys } = words;
  const { title, question } = w[share];
  const open = { kind: 'open-share', share } as const;
  const fields = shareFields(share, words).map(({ field, label, placeholder, secret }): Item => ({
    kind: 'field',
    id: field,
    field,
    label,
    value: state.fields[field] ?? '',
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(secret === undefined ? {} : { secret }),
    enter: open,
  }));
  const found = (share === 'path' ? [] : serversOf(share, state)).map((server, i): Item => ({
    kind: 'choice',
    id: `found ${server.address} ${server.port} ${server.path ?? ''}`,
    label: server.name,
    aside: serverText(server),
    ...(i === 0 ? { heading: w.found } : {}),
    enter: { kind: 'take-server', server },
    enterLabel: keys.choose,
  }));
  return {
    step: share,
    title,
    question,
    body: share === 'path' ? [] : searchBlocks(share, state, words),
    items: [
      ...found,
      ...withHeading(found.length === 0 ? undefined : w.typed, fields),
      ...(share === 'ssh'
        ? [
            {
              kind: 'check',
              id: 'trust-key',
              label: w.ssh.trust,
              checked: state.flags.trustKey === true,
              toggle: { kind: 'flag', flag: 'trustKey' },
            } as const,
          ]
        : []),
      { kind: 'choice', id: 'open', label: w.open, enter: open },
    ],
    keys: [],
    enterLabel: w.open,
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}

function shareFields(share: 'nfs' | 'smb' | 'ssh' | 'path', { share: w }: Words): ShareField[] {
  const { nfs, smb, ssh, path } = w;
  switch (share) {
    case 'nfs':
      return [
        { field: 'nfs', label: nfs.main, placeholder: nfs.placeholder },
        { field: 'nfsOptions', label: nfs.options },
      ];
    case 'smb':
      return [
        { field: 'smb', label: smb.main, placeholder: smb.placeholder },
        { field: 'smbUser', label: smb.user },
        { field: 'smbPassword', label: smb.password, secret: true },
        { field: 'smbDomain', label: smb.domain },
      ];
    case 'ssh':
      return [
        { field: 'ssh', label: ssh.main, placeholder: ssh.placeholder },
        { field: 'sshFolder', label: ssh.folder, placeholder: ssh.folderPlaceholder },
        { field: 'sshPassword', label: ssh.password, secret: true },
        { field: 'sshKeyFile', label: ssh.keyFile },
        { field: 'sshHostKey', label: ssh.hostKey },
      ];
    case 'path':
      return [{ field: 'path', label: path.main, placeholder: path.placeholder }];
  }
}

export function folderView(state: FlowState, words: Words): View {
  const { folder: w, keys, common, format } = words;
  const flow = storing(state);
  const found = state.place?.repositories ?? [];
  const free = state.place?.place.freeBytes;
  const choose = { kind: 'choose-folder', path: typedFolder(state), exists: false } as const;
  return {
    step: 'folder',
    title: w.title,
    question: w.question[flow],
    body: [
      ...(state.place === undefined ? [] : [text(state.place.label)]),
      ...(free === undefined || flow !== 'image' ? [] : [text(words.place.free(format.bytes(free)))]),
      ...(found.length > 0
        ? []
        : [text(flow === 'image' ? w.none : w.noneFound, flow === 'image' ? 'plain' : 'warning')]),
    ],
    items: [
      ...found.map(({ path, folder, images }, i): Item => ({
        kind: 'choice',
        id: path,
        label: folder === '.' ? w.here : folder,
        aside: common.images(images),
        ...(i === 0 ? { heading: w.found } : {}),
        enter: { kind: 'choose-folder', path, exists: true },
      })),
      {
        kind: 'field',
        id: 'folder',
        field: 'folder',
        label: found.length > 0 ? w.other : flow === 'image' ? w.fresh : w.typed,
        value: folderText(state),
        ...(found.length > 0 ? { heading: '' } : {}),
        enter: choose,
      },
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
  };
}
