/** What can happen to the flow: what a person does, and what comes back from the world. */
import type { DiskPlan, ErrorReport, ListedDisk, Plan } from '../../engine/index.ts';
import type { HostState } from '../../runner/job-host.ts';
import type { FoundServer } from '../../unattended/find-servers.ts';
import type { RepositoryRule } from '../../unattended/job-file.ts';
import type { Language } from '../words/languages.ts';
import type {
  NetworkCard,
  Field,
  Flag,
  Flow,
  GrowChoice,
  Keymap,
  ListedImages,
  Notice,
  OpenedPlace,
  PartitionPlace,
  Question,
  Step,
} from './parts.ts';

export type FlowEvent = PersonEvent | WorldEvent;

/** What a person does. */
export type PersonEvent =
  | { readonly kind: 'go'; readonly step: Step }
  | { readonly kind: 'back' }
  | { readonly kind: 'home' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'help'; readonly open: boolean }
  | { readonly kind: 'focus'; readonly id: string }
  | { readonly kind: 'type'; readonly field: Field; readonly text: string }
  | { readonly kind: 'flag'; readonly flag: Flag }
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'begin'; readonly flow: Flow }
  | { readonly kind: 'mark-source'; readonly key: string; readonly path: string }
  | { readonly kind: 'sources-chosen'; readonly key?: string; readonly path?: string }
  | { readonly kind: 'mark-copy'; readonly key: string; readonly path: string }
  | { readonly kind: 'copies-chosen'; readonly key?: string; readonly path?: string }
  | { readonly kind: 'plug' }
  | {
      readonly kind: 'open-place';
      readonly rule: RepositoryRule;
      readonly label: string;
      readonly disks: readonly string[];
      /** The rule against images on the disk they are of was explained, and waived. */
      readonly sameDisk?: boolean;
    }
  | { readonly kind: 'take-server'; readonly server: FoundServer }
  | { readonly kind: 'open-share'; readonly share: 'nfs' | 'smb' | 'ssh' | 'path' }
  | { readonly kind: 'choose-folder'; readonly path: string; readonly exists: boolean }
  | { readonly kind: 'choose-image'; readonly image: string }
  | { readonly kind: 'part'; readonly disk: number }
  | { readonly kind: 'parts-chosen' }
  | { readonly kind: 'choose-target'; readonly key: string; readonly path: string }
  | { readonly kind: 'partition'; readonly number: number }
  | { readonly kind: 'grow'; readonly grow: GrowChoice | undefined }
  | { readonly kind: 'open-layout' }
  | { readonly kind: 'resize'; readonly number: number; readonly to: number | 'most' | 'least' }
  | { readonly kind: 'move'; readonly number: number; readonly steps: number }
  | { readonly kind: 'as-it-was'; readonly number: number }
  | { readonly kind: 'type-size'; readonly number: number }
  | { readonly kind: 'take-typed'; readonly number: number }
  | { readonly kind: 'take-layout' }
  | { readonly kind: 'sector-size'; readonly bytes: number | undefined }
  | { readonly kind: 'choose-partitions' }
  | { readonly kind: 'place-partition'; readonly number: number }
  /** Without a place it goes where it was. */
  | { readonly kind: 'into'; readonly number: number; readonly place?: PartitionPlace }
  | { readonly kind: 'bootcheck'; readonly key: string; readonly path: string }
  | { readonly kind: 'trust'; readonly number: number }
  | { readonly kind: 'replan' }
  | { readonly kind: 'go-ahead' }
  | { readonly kind: 'confirm' }
  | { readonly kind: 'ask'; readonly question: Question }
  | { readonly kind: 'answer'; readonly yes: boolean }
  | { readonly kind: 'dismiss-problem' }
  | { readonly kind: 'dismiss-bug' }
  | { readonly kind: 'stop-waiting' }
  | { readonly kind: 'job'; readonly action: 'cancel' | 'pause' | 'resume' | 'dismiss' }
  | { readonly kind: 'watch'; readonly on: boolean }
  | { readonly kind: 'verify-it' }
  | { readonly kind: 'look-at'; readonly key: string; readonly path: string }
  | { readonly kind: 'language'; readonly language: Language }
  | { readonly kind: 'shell' }
  | { readonly kind: 'show-logs' }
  | { readonly kind: 'show-network' }
  | { readonly kind: 'network-up' }
  | { readonly kind: 'show-keyboard' }
  | { readonly kind: 'keymap'; readonly name: string }
  | { readonly kind: 'set-clock' }
  | { readonly kind: 'save-logs'; readonly rule: RepositoryRule; readonly label: string }
  | { readonly kind: 'machine'; readonly action: 'reboot' | 'power-off' };

/** What comes back from the world. */
export type WorldEvent =
  | { readonly kind: 'disks'; readonly disks: readonly ListedDisk[] }
  | { readonly kind: 'inspected'; readonly key: string; readonly result: DiskPlan | ErrorReport }
  | { readonly kind: 'host'; readonly state: HostState }
  | { readonly kind: 'place-opened'; readonly token: number; readonly opened: OpenedPlace }
  | { readonly kind: 'servers'; readonly servers: readonly FoundServer[] }
  | { readonly kind: 'images'; readonly token: number; readonly images: ListedImages }
  | { readonly kind: 'planned'; readonly token: number; readonly plan: Plan }
  | { readonly kind: 'started'; readonly token: number }
  | { readonly kind: 'failed'; readonly token: number; readonly error: ErrorReport }
  | { readonly kind: 'problem'; readonly error: ErrorReport }
  | {
      readonly kind: 'logs-saved';
      readonly token: number;
      readonly subject: string;
      readonly folder: string;
    }
  | { readonly kind: 'tool-done'; readonly token: number; readonly subject: string }
  | { readonly kind: 'logs'; readonly text: string }
  | { readonly kind: 'network'; readonly cards: readonly NetworkCard[] }
  | { readonly kind: 'keymaps'; readonly keymaps: readonly Keymap[] }
  | { readonly kind: 'bug'; readonly text: string };
