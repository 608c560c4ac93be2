/** Where a person is in the terminal UI, and what was chosen and typed so far: plain data, one for each console. */
import type {
  AskedPartition,
  DiskPlan,
  ErrorReport,
  Job,
  ListedDisk,
  Manifest,
  Plan,
} from '../../engine/index.ts';
import type { HostState } from '../../runner/job-host.ts';
import type { FoundServer } from '../../unattended/find-servers.ts';
import type { Language } from '../words/languages.ts';
import type {
  Step,
  Overlay,
  Flow,
  GrowChoice,
  PartitionPlace,
  Flag,
  Field,
  Chosen,
  OpenedPlace,
  ChosenRepository,
  ListedImages,
  Target,
  Waiting,
  Question,
  Notice,
  EditedLayout,
  ToolResults,
} from './parts.ts';

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

/** A new job begins with the options that are safe, and nothing chosen; what was typed stays. */
export const nothingChosen = {
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
  flags: {},
  repository: undefined,
  images: undefined,
  image: undefined,
  imageName: undefined,
  parts: [],
  targets: [],
  copies: [],
  plan: undefined,
  job: undefined,
  started: undefined,
} as const;

export function initialState({ language, rescue, isRoot, host }: StartOptions): FlowState {
  return {
    ...nothingChosen,
    language,
    rescue,
    isRoot,
    trail: ['home'],
    focus: {},
    fields: {},
    disks: undefined,
    fresh: [],
    plugBaseline: [],
    inspected: {},
    lookedAt: undefined,
    flow: undefined,
    servers: undefined,
    place: undefined,
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
  if (hasJobPage(state.host) && state.watching) return 'job';
  if (state.waiting !== undefined) return 'waiting';
  return currentStep(state);
}

/** Whether there is something to see of a job: it is about to begin, waits for something, runs, or has ended. */
export function hasJobPage(host: HostState): boolean {
  return host.kind !== 'idle' || host.waiting !== undefined || host.problem !== undefined;
}

/** Whether something follows by itself in a moment: any key stops it, before it does anything else. */
export function isAboutToAct(host: HostState): boolean {
  switch (host.kind) {
    case 'countdown':
      return true;
    case 'ended':
      return host.next !== undefined;
    case 'idle':
      return host.problem?.next !== undefined;
    default:
      return false;
  }
}

export function diskByKey(state: FlowState, key: string | undefined): ListedDisk | undefined {
  return state.disks?.find((disk) => diskKey(disk) === key);
}

export function chosenImage({ images, image }: FlowState): Manifest | undefined {
  return images?.images.find(({ id }) => id === image);
}
