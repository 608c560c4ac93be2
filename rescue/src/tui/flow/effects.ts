/** What the flow wants done in the world; whoever runs it answers with events. */
import type { Job } from '../../engine/index.ts';
import type { RepositoryRule } from '../../unattended/job-file.ts';

export type Effect =
  | {
      readonly kind: 'open-place';
      readonly token: number;
      readonly rule: RepositoryRule;
      readonly label: string;
      readonly disks: readonly string[];
    }
  | { readonly kind: 'find-servers' }
  | { readonly kind: 'release-place'; readonly placeId: string }
  | { readonly kind: 'list-images'; readonly token: number; readonly path: string }
  | { readonly kind: 'plan'; readonly token: number; readonly job: Job }
  | {
      readonly kind: 'start';
      readonly token: number;
      readonly job: Job;
      readonly digest: string;
      /** Threads; by itself as many as are of use. */
      readonly workers?: number;
    }
  | { readonly kind: 'stop'; readonly token: number }
  | { readonly kind: 'job'; readonly action: 'cancel' | 'pause' | 'resume' | 'dismiss' }
  | { readonly kind: 'inspect'; readonly key: string; readonly path: string }
  | { readonly kind: 'shell' }
  | { readonly kind: 'read-logs' }
  | { readonly kind: 'read-network' }
  | { readonly kind: 'network-up'; readonly token: number }
  | { readonly kind: 'read-keymaps' }
  | { readonly kind: 'keymap'; readonly token: number; readonly name: string }
  | { readonly kind: 'set-clock'; readonly token: number; readonly time: string }
  | {
      readonly kind: 'save-logs';
      readonly token: number;
      readonly rule: RepositoryRule;
      readonly label: string;
    }
  | { readonly kind: 'machine'; readonly action: 'reboot' | 'power-off' }
  | { readonly kind: 'leave' };
