/** The engine's one door: everything that front ends use of it. */
export { exitCodes, isPermafrostError, PermafrostError, type ErrorReport } from './base/errors.ts';
export { Extents } from './base/extents.ts';
export { PROGRAM, VERSION } from './base/program.ts';
export { openSource, type OpenDisk } from './device/device.ts';
export { confirmationText, describeIdentity, type DiskIdentity } from './device/identity.ts';
export type * from './filesystem/file-system.ts';
export {
  inspectDisk,
  type InspectedDisk,
  type InspectedRegion,
  type InspectOptions,
} from './job/inspect-disk.ts';
export type * from './job/job.ts';
export { planImage } from './job/image-plan.ts';
export { runImage } from './job/image.ts';
export type { OnProgress } from './job/progress.ts';
export { planRestore, runRestore } from './job/restore.ts';
export type { RunOptions } from './job/run-options.ts';
export { describeImage, selectImage, type ImageSelection } from './job/select-image.ts';
export { runVerify } from './job/verify.ts';
export type { ImagedDisk, ImagedRegion, Manifest } from './repository/manifest.ts';
export { Repository, type DamagedImage } from './repository/repository.ts';
