/** The refusals and failures that a page of the terminal UI may have to show. */
import { PermafrostError, type ErrorReport } from '../../src/engine/index.ts';

const MiB = 1024 * 1024;

/** One of every refusal and failure that can come of a job or a place. */
export const problems: readonly ErrorReport[] = [
  new PermafrostError('device/not-found', { device: '/dev/sdb' }),
  new PermafrostError('device/no-permission', { device: '/dev/sdb' }),
  new PermafrostError('device/in-use', { device: '/dev/sdb', reason: '/dev/sdb1 is mounted on /home' }),
  new PermafrostError('device/read-only', { device: '/dev/sdb' }),
  new PermafrostError('device/changed', { device: '/dev/sdb', problem: 'another serial number' }),
  new PermafrostError('device/too-small', {
    device: '/dev/sdb',
    sizeBytes: 10 * MiB,
    neededBytes: 1000 * MiB,
  }),
  new PermafrostError('device/sector-size', {
    device: '/dev/sdb',
    sectorSize: 4096,
    imageSectorSize: 512,
    problem: 'the NTFS of partition 2 was made for sectors of 512',
  }),
  new PermafrostError('layout/size', {
    ...{ device: '/dev/sdb', number: 2, bytes: 100 * MiB },
    why: { code: 'size/content', text: 'its file system needs more', details: { leastBytes: 200 * MiB } },
  }),
  new PermafrostError('layout/place', {
    ...{ device: '/dev/sdb', number: 3, start: 100 * MiB },
    why: { code: 'place/before', text: 'there is no room', details: { leastStart: 200 * MiB } },
  }),
  new PermafrostError('device/is-source', { device: '/dev/sdb', source: '/dev/sdb1' }),
  new PermafrostError('device/named-twice', { device: '/dev/sdb', other: '/dev/disk/by-id/x' }),
  new PermafrostError('device/table-mismatch', {
    device: '/dev/sdb',
    problem: 'partition 2 starts elsewhere',
  }),
  new PermafrostError('device/read-back-differs', {
    device: '/dev/sdb',
    offset: MiB,
    length: 4096,
    count: 3,
  }),
  new PermafrostError('repository/not-found', { repository: '/r' }),
  new PermafrostError('repository/not-empty', { repository: '/r' }),
  new PermafrostError('repository/corrupt', { path: '/r/packs/x', problem: 'a checksum is wrong' }),
  new PermafrostError('repository/full', { repository: '/r', missingBytes: 5 * MiB }),
  new PermafrostError('repository/on-source', { repository: '/r', device: '/dev/sdb' }),
  new PermafrostError('repository/on-target', { repository: '/r', device: '/dev/sdb' }),
  new PermafrostError('repository/unresolved', {
    repository: '/r',
    problem: 'it is on a file system in user space',
  }),
  new PermafrostError('image/not-found', { image: 'latest', repository: '/r' }),
  new PermafrostError('image/corrupt', { path: '/r/images/x.json', problem: 'it ends too soon' }),
  new PermafrostError('job-file/repository', {
    rule: '//nas/images',
    problem: 'the server does not know this user, or the password is wrong',
  }),
].map((error) => error.toJSON());
