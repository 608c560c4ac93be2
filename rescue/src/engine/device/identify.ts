/** Who an open disk is, and whether its path still leads to it. */
import { stat } from 'node:fs/promises';
import { native, type BlockFile } from 'blockdev-native';
import { say } from '../base/remarks.ts';
import { PermafrostError } from '../base/errors.ts';
import { readDiskAttributes } from './disk-attributes.ts';
import { identityProblem, type DiskIdentity } from './identity.ts';

/** What the open device, or the file at its path, says of itself. */
export async function identify(file: BlockFile): Promise<DiskIdentity> {
  const { path, sizeBytes, sectorSize, deviceNumber } = file;
  if (!file.isBlockDevice) {
    const { ino } = await stat(path, { bigint: true });
    return { kind: 'file', path, sizeBytes, sectorSize, inode: ino.toString() };
  }
  const diskSequence = await file.diskSequence();
  return {
    kind: 'device',
    path,
    ...(await readDiskAttributes(deviceNumber)),
    sizeBytes,
    sectorSize,
    deviceNumber,
    ...(diskSequence === undefined ? {} : { diskSequence }),
  };
}

/** Throws `device/changed` if `path` now leads to another disk than was planned for. */
export async function checkUnchanged(path: string, planned: DiskIdentity): Promise<void> {
  let file: BlockFile;
  try {
    file = await native.open(path);
  } catch {
    throw new PermafrostError('device/changed', { device: path, problem: say('changed/gone') });
  }
  try {
    const problem = identityProblem(planned, await identify(file));
    if (problem !== undefined) throw new PermafrostError('device/changed', { device: path, problem });
  } finally {
    await file.close();
  }
}
