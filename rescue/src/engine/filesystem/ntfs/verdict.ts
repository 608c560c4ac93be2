/** Whether an NTFS volume was shut down properly, and what a person can do if it was not. */
import { say } from '../../base/remarks.ts';
import type { RawReason } from '../file-system.ts';
import type { LogState } from './log-file.ts';
import { volumeFlags, type VolumeInformation } from './volume-information.ts';
import type { WindowsFiles } from './windows-files.ts';

/** What the metadata files say about the state of the volume. */
export interface VolumeState extends WindowsFiles {
  readonly volume: VolumeInformation;
  readonly log: LogState;
}

const KNOWN_VERSIONS = ['1.2', '3.0', '3.1'];
const KNOWN_FLAGS = Object.values(volumeFlags).reduce((all, flag) => all | flag, 0);

const FULL_SHUTDOWN = say('raw-remedy/windows-shutdown');
const CHECK = say('raw-remedy/windows-check');

const logProblems: Readonly<Record<LogState, string | undefined>> = {
  clean: undefined,
  empty: undefined,
  open: 'its journal was not closed',
  cached:
    'its journal is in the form that only a running, sleeping (fast start-up) or cut-off Windows leaves behind',
  checked: 'it was changed by chkdsk and has not been mounted since',
  damaged: 'its journal is damaged',
  unknown: 'its journal is of an unknown version',
};

/** Why $Bitmap of a volume in `state` may not be up to date; `undefined` if it can be trusted. */
export function findDoubt(state: VolumeState): RawReason | undefined {
  const { volume, log, hibernation } = state;
  const sleeping: string[] = [];
  if (hibernation === 'saved') sleeping.push('Windows is hibernated on it (hiberfil.sys holds a session)');
  if (hibernation === 'unreadable') sleeping.push('hiberfil.sys may hold a hibernated session of Windows');
  const logProblem = logProblems[log];
  if (logProblem !== undefined) sleeping.push(logProblem);
  const marked: string[] = [];
  if ((volume.flags & volumeFlags.dirty) !== 0) marked.push('it is marked as dirty');
  if ((volume.flags & volumeFlags.chkdskUnderway) !== 0) marked.push('chkdsk has not finished on it');
  if ((volume.flags & volumeFlags.modifiedByChkdsk) !== 0)
    marked.push('chkdsk is due on it or has changed it');
  const reasons = [...sleeping, ...marked];
  if (reasons.length > 0)
    return {
      code: 'dirty',
      reason: `the volume was not cleanly shut down: ${reasons.join('; ')}`,
      remedy: marked.length > 0 && hibernation === 'none' ? CHECK : FULL_SHUTDOWN,
    };
  const unknownFlags = volume.flags & ~KNOWN_FLAGS;
  if (unknownFlags !== 0)
    return { code: 'feature', reason: `unknown volume flags 0x${unknownFlags.toString(16)}` };
  return undefined;
}

/** Why nothing can be said about a volume of this NTFS version; `undefined` if the version is known. */
export function findUnknownVersion({ volume }: VolumeState): RawReason | undefined {
  if (KNOWN_VERSIONS.includes(volume.version)) return undefined;
  return { code: 'feature', reason: `NTFS version ${volume.version} is not known` };
}
