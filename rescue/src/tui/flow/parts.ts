/** What states of the terminal UI are made of: pages, what can be chosen and typed, what is waited for and said. */
import type {
  AskedPartition,
  DamagedImage,
  DiskPlan,
  Manifest,
  Remark,
  ResizePlan,
} from '../../engine/index.ts';
import type { Place } from '../../runner/job-host.ts';
import type { FlowEvent } from './events.ts';

export type Step =
  | 'home'
  | 'sources'
  | 'place'
  | 'nfs'
  | 'smb'
  | 'ssh'
  | 'path'
  | 'folder'
  | 'images'
  | 'parts'
  | 'target'
  | 'copies'
  | 'plug'
  | 'plan'
  | 'options'
  | 'grow'
  | 'layout'
  | 'part-size'
  | 'sectors'
  | 'partitions'
  | 'into'
  | 'confirm'
  | 'disks'
  | 'disk'
  | 'tools'
  | 'logs'
  | 'save-logs'
  | 'network'
  | 'keyboard'
  | 'language'
  | 'clock';

/** What lies over the step, if something does; the first that applies. */
export type Overlay = 'bug' | 'help' | 'question' | 'problem' | 'waiting' | 'job';

export type Flow = 'image' | 'restore' | 'clone' | 'verify' | 'bootcheck';

/** Which partition gets the free space of a larger target. */
export type GrowChoice = number | 'last';

/** Where a partition of an image goes: into another one of the target, or a new one in its free space. */
export type PartitionPlace = number | 'free';

/** What can be on or off. */
export type Flag =
  | 'raw'
  | 'skipGaps'
  | 'forceSameDisk'
  | 'allowUnresolved'
  | 'delta'
  | 'noVerify'
  | 'noBootEntry'
  | 'newIds'
  | 'zeroUnused'
  | 'keepGoing'
  | 'independent'
  | 'trustKey';

/** What is typed; kept when one goes back. */
export type Field =
  | 'file'
  | 'copyFile'
  | 'name'
  | 'level'
  | 'chunk'
  | 'workers'
  | 'folder'
  | 'path'
  | 'nfs'
  | 'nfsOptions'
  | 'smb'
  | 'smbUser'
  | 'smbPassword'
  | 'smbDomain'
  | 'ssh'
  | 'sshFolder'
  | 'sshPassword'
  | 'sshKeyFile'
  | 'sshHostKey'
  | 'clock'
  | 'partSize'
  | 'partStart'
  | 'scratch'
  | `confirm${number}`;

/** A disk or disk-image file that was chosen. */
export interface Chosen {
  /** See {@link diskKey}; the path of a file. */
  readonly key: string;
  readonly path: string;
}

export interface FoundRepository {
  readonly path: string;
  /** Below the place, for people. */
  readonly folder: string;
  readonly images: number;
}

/** A place that was opened, and what is in it. */
export interface OpenedPlace {
  readonly place: Place;
  readonly label: string;
  /** Paths of the whole disks that hold it; none for shares. */
  readonly disks: readonly string[];
  readonly repositories: readonly FoundRepository[];
}

export interface ChosenRepository {
  readonly path: string;
  readonly exists: boolean;
}

export interface ListedImages {
  readonly images: readonly Manifest[];
  readonly damaged: readonly DamagedImage[];
}

export interface Target extends Chosen {
  /** Number of the disk within the image. */
  readonly disk: number;
}

/** What is under way and may take long. */
export interface Waiting {
  /** What it is the answer to; an answer that nobody waits for any more is dropped. */
  readonly token: number;
  readonly what: 'place' | 'images' | 'plan' | 'layout' | 'start' | 'network' | 'logs' | 'tool';
  readonly subject: string;
}

/** What is asked before something that cannot be taken back. */
export interface Question {
  readonly id: 'same-disk' | 'cancel-job' | 'power-off' | 'reboot' | 'leave' | 'leave-job';
  readonly yes: FlowEvent;
}

/** One line about what just happened; see words.notices. */
export interface Notice {
  readonly id:
    | 'disk-gone'
    | 'disk-found'
    | 'plan-changed'
    | 'confirm-wrong'
    | 'nothing-marked'
    | 'cannot'
    | 'grey'
    | 'done'
    | 'connection-back'
    | 'logs-saved'
    | 'no-sizes'
    | 'limit';
  readonly subject: string;
  readonly bad: boolean;
  /** Of `logs-saved`: the new folder, within the place. */
  readonly folder?: string;
  /** Of `limit`: what makes it impossible. */
  readonly why?: Remark;
}

/** The layout of a target while it is edited. */
export interface EditedLayout {
  /** As it would be without. */
  readonly disk: DiskPlan;
  readonly resizing: ResizePlan;
  /** Can be had, always. */
  readonly asked: readonly AskedPartition[];
}

/** A network card of this machine. */
export interface NetworkCard {
  /** The kernel's: `eth0`. */
  readonly name: string;
  /** Its hardware address. */
  readonly hardware: string;
  /** Absent where the card is switched off, and cannot tell. */
  readonly cable?: boolean;
  /** With the length of their prefix, as `10.0.2.15/24`. */
  readonly addresses: readonly string[];
}

export interface ToolResults {
  readonly logs?: string;
  readonly network?: readonly NetworkCard[];
  readonly keymaps?: readonly Keymap[];
}

export interface Keymap {
  readonly name: string;
  readonly title: string;
}
