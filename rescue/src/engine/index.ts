/** The engine's one door: everything that front ends use of it. */
export { addonFailure } from './base/addon-failure.ts';
export { exitCodes } from './base/error-table.ts';
export {
  errorCodes,
  errorOfReport,
  isPermafrostError,
  PermafrostError,
  throwIfCancelled,
  type ErrorReport,
  type ErrorCode,
} from './base/errors.ts';
export {
  asIs,
  recognise,
  remark,
  remarkTemplates,
  say,
  type Remark,
  type RemarkCode,
  type Said,
} from './base/remarks.ts';
export {
  isRunning,
  ownIdentity,
  parseProcessIdentity,
  type ProcessIdentity,
} from './base/process-identity.ts';
export { parseSize } from './base/parse-size.ts';
export { PROGRAM, VERSION } from './base/program.ts';
export { confirmationText, describeIdentity, type DiskIdentity } from './device/identity.ts';
export type * from './filesystem/file-system.ts';
export { kindTitles } from './filesystem/kind-titles.ts';
export type * from './boot/boot-check.ts';
export type { BootEntryPlan } from './boot/boot-entry.ts';
export type { KeptId, NewIdsPlan, RenewedId } from './boot/new-ids.ts';
export { describeChange } from './job/give-new-ids.ts';
export type { IdChange, NewIdsReport } from './job/new-ids-report.ts';
export { runBootCheck } from './job/boot-check-job.ts';
export { growability, type Growability } from './job/growable.ts';
export { isShrinkable } from './job/shrinkable.ts';
export { inspectSource, type InspectSourceOptions } from './job/inspect.ts';
export type * from './job/job-report.ts';
export type * from './job/job.ts';
export type * from './job/plan.ts';
export { planClone } from './job/clone-plan.ts';
export { runClone } from './job/clone.ts';
export { planImage } from './job/image-plan.ts';
export { runImage } from './job/image.ts';
export { listDisks } from './device/disks.ts';
export { runProgram, type ProgramEnd, type ProgramRun, type RunProgram } from './device/run-program.ts';
export { stateFolder } from './device/system.ts';
export { acquireWritable, recoverWritable, type Writable, type WritableOptions } from './device/writable.ts';
export { describeLimit, type DiskLimit } from './device/disk-limits.ts';
export { addLimits, describeDisks, type ListedDisk, type ListedRegion } from './job/list-disks.ts';
export { exitCodeOf, isGood } from './job/outcome.ts';
export type { OnProgress } from './job/progress.ts';
export { describeMachine } from './job/machine.ts';
export { machineName } from './base/machine-name.ts';
export { placesOf, rangeOf, whyNotSize, type SizeRange } from './job/resize-rules.ts';
export { planRestore, runRestore } from './job/restore.ts';
export { PauseGate } from './job/pause-gate.ts';
export type { RunOptions } from './job/run-options.ts';
export { describeImage, selectImage, type ImageSelection } from './job/select-image.ts';
export { planJob, runJob } from './job/any-job.ts';
export { runVerify } from './job/verify.ts';
export type { ImagedDisk, ImagedRegion, Manifest } from './repository/manifest.ts';
export { repositoryPlace } from './job/repository-place.ts';
export { Repository, type DamagedImage } from './repository/repository.ts';
