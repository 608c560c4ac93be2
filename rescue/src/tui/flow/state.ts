/** Where a person is in the terminal UI, and what was chosen and typed so far: plain data, one for each console. */
import type {
  AskedPartition,
  DamagedImage,
  DiskPlan,
  ErrorReport,
  Job,
  ListedDisk,
  Manifest,
  Plan,
  Remark,
  ResizePlan,
} from '../../engine/index.ts';
import type { HostState, Place } from '../../runner/job-host.ts';
import type { FoundServer } from '../../unattended/find-servers.ts';
import type { Language } from '../words/languages.ts';
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
    | 'no-sizes'
    | 'limit';
  readonly subject: string;
  readonly bad: boolean;
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

export interface ToolResults {
  readonly logs?: string;
  readonly network?: string;
  readonly keymaps?: readonly Keymap[];
}

export interface Keymap {
  readonly name: string;
  readonly title: string;
}

export interface FlowState {
  readonly language: Language;
  /** In the rescue environment there is more that can be done. */
  readonly rescue: boolean;
  readonly isRoot: boolean;
  /** The steps that led here; the last one is shown. Never empty. */
  readonly trail: readonly Step[];
  /** What has the focus, for each view. */
  readonly focus: Readonly<Partial<Record<Step | Overlay, string>>>;
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  readonly flags: Readonly<Partial<Record<Flag, boolean>>>;
  readonly disks: readonly ListedDisk[] | undefined;
  /** Keys of disks that appeared while the UI ran. */
  readonly fresh: readonly string[];
  /** Keys of the disks that were there when plugging in was asked for. */
  readonly plugBaseline: readonly string[];
  readonly inspected: Readonly<Record<string, DiskPlan | ErrorReport>>;
  /** Key of the disk that is looked at. */
  readonly lookedAt: string | undefined;
  readonly flow: Flow | undefined;
  readonly sources: readonly Chosen[];
  /** Of these lists, those that Enter alone made: come back to, they are empty again, so that Enter takes another one. */
  readonly byEnter: readonly ('sources' | 'copies')[];
  /** Partitions that are left out. */
  readonly leftOut: readonly number[];
  readonly trust: readonly number[];
  /** Absent where the free space of a larger target stays free. */
  readonly grow: GrowChoice | undefined;
  /** Sizes and places that partitions get on the target; absent where nobody chose any. */
  readonly layout: readonly AskedPartition[] | undefined;
  readonly editing: EditedLayout | undefined;
  /** Where partitions of the image go, by their numbers; those that are not here go where they were. */
  readonly into: Readonly<Record<number, PartitionPlace>>;
  /** The partition for which a place is looked for. */
  readonly placing: number | undefined;
  /** Of the disk-image file that is read, in bytes; absent where it is told by itself. */
  readonly sectorSize: number | undefined;
  /** Servers that have announced themselves; absent while they are looked for. */
  readonly servers: readonly FoundServer[] | undefined;
  readonly place: OpenedPlace | undefined;
  readonly repository: ChosenRepository | undefined;
  readonly images: ListedImages | undefined;
  /** Id of an image, or everything there is. */
  readonly image: string | undefined;
  /** Name of the image where there is no list of them. */
  readonly imageName: string | undefined;
  /** Disks of the image that are put back. */
  readonly parts: readonly number[];
  readonly targets: readonly Target[];
  /** Disks that a copy goes to. */
  readonly copies: readonly Chosen[];
  readonly plan: Plan | undefined;
  readonly waiting: Waiting | undefined;
  readonly nextToken: number;
  readonly problem: ErrorReport | undefined;
  readonly question: Question | undefined;
  readonly notice: Notice | undefined;
  readonly helpOpen: boolean;
  readonly bug: string | undefined;
  readonly host: HostState;
  /** The job is looked at, where there is one. */
  readonly watching: boolean;
  /** What the job that runs has done of each region, by `disk/name`. */
  readonly regionDone: Readonly<Record<string, number>>;
  readonly tools: ToolResults;
  readonly job: Job | undefined;
  /** The job that was confirmed at this console, and the steps that led to it, until its run has begun to do something. */
  readonly started: { readonly job: Job; readonly trail: readonly Step[] } | undefined;
}

export interface StartOptions {
  readonly language: Language;
  readonly rescue: boolean;
  readonly isRoot: boolean;
  readonly host: HostState;
}

export function initialState({ language, rescue, isRoot, host }: StartOptions): FlowState {
  return {
    language,
    rescue,
    isRoot,
    trail: ['home'],
    focus: {},
    fields: {},
    flags: {},
    disks: undefined,
    fresh: [],
    plugBaseline: [],
    inspected: {},
    lookedAt: undefined,
    flow: undefined,
    sources: [],
    byEnter: [],
    leftOut: [],
    trust: [],
    grow: undefined,
    layout: undefined,
    editing: undefined,
    into: {},
    placing: undefined,
    sectorSize: undefined,
    servers: undefined,
    place: undefined,
    repository: undefined,
    images: undefined,
    image: undefined,
    imageName: undefined,
    parts: [],
    targets: [],
    copies: [],
    plan: undefined,
    waiting: undefined,
    nextToken: 1,
    problem: undefined,
    question: undefined,
    notice: undefined,
    helpOpen: false,
    bug: undefined,
    host,
    watching: true,
    regionDone: {},
    tools: {},
    job: undefined,
    started: undefined,
  };
}

/** Tells a disk from another one that takes its name later. */
export function diskKey({ disk }: Pick<ListedDisk, 'disk'>): string {
  return `${disk.path}#${disk.diskSequence ?? ''}#${disk.serial ?? ''}`;
}

export function currentStep(state: FlowState): Step {
  return state.trail.at(-1)!;
}

/** What is seen: something that lies over the step, or the step. */
export function currentView(state: FlowState): Step | Overlay {
  if (state.bug !== undefined) return 'bug';
  if (state.helpOpen) return 'help';
  return viewBelowHelp(state);
}

export function viewBelowHelp(state: FlowState): Step | Exclude<Overlay, 'bug' | 'help'> {
  if (state.question !== undefined) return 'question';
  if (state.problem !== undefined) return 'problem';
  if (state.host.kind !== 'idle' && state.watching) return 'job';
  if (state.waiting !== undefined) return 'waiting';
  return currentStep(state);
}

export function diskByKey(state: FlowState, key: string | undefined): ListedDisk | undefined {
  return state.disks?.find((disk) => diskKey(disk) === key);
}

export function chosenImage({ images, image }: FlowState): Manifest | undefined {
  return images?.images.find(({ id }) => id === image);
}
