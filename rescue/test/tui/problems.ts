/** The refusals and failures that a page of the terminal UI may have to show. */
import { asIs, remark, say, PermafrostError, type ErrorReport } from '../../src/engine/index.ts';

const MiB = 1024 * 1024;

/** One of every refusal and failure that can come of a job or a place. */
export const problems: readonly ErrorReport[] = [
  new PermafrostError('device/not-found', { device: '/dev/sdb' }),
  new PermafrostError('device/no-permission', { device: '/dev/sdb' }),
  new PermafrostError('device/in-use', {
    device: '/dev/sdb',
    reason: say('use/mounted', { device: '/dev/sdb1', folder: '/home' }),
  }),
  new PermafrostError('device/read-only', { device: '/dev/sdb' }),
  new PermafrostError('device/changed', {
    device: '/dev/sdb',
    problem: say('changed/fact', { fact: say('fact/serial'), from: 'S5Y1NG0NB042', to: 'S5Y1NG0NC042' }),
  }),
  new PermafrostError('device/too-small', {
    device: '/dev/sdb',
    sizeBytes: 10 * MiB,
    neededBytes: 1000 * MiB,
  }),
  new PermafrostError('device/sector-size', {
    device: '/dev/sdb',
    sectorSize: 4096,
    imageSectorSize: 512,
    problem: say('layout/sectors', { content: 'NTFS', place: 'partition 2', mostSize: 512 }),
  }),
  new PermafrostError('layout/size', {
    ...{ device: '/dev/sdb', number: 2, bytes: 100 * MiB },
    why: remark('size/content', { leastBytes: 200 * MiB }),
  }),
  new PermafrostError('layout/place', {
    ...{ device: '/dev/sdb', number: 3, start: 100 * MiB },
    why: remark('place/before', { leastStart: 200 * MiB }),
  }),
  new PermafrostError('device/is-source', { device: '/dev/sdb', source: '/dev/sdb1' }),
  new PermafrostError('device/named-twice', { device: '/dev/sdb', other: '/dev/disk/by-id/x' }),
  new PermafrostError('device/table-mismatch', {
    device: '/dev/sdb',
    problem: say('match/other', {
      number: 2,
      lengthBytes: 200 * MiB,
      atStart: 100 * MiB,
      imagedBytes: 300 * MiB,
      imagedStart: 200 * MiB,
    }),
  }),
  new PermafrostError('device/read-back-differs', {
    device: '/dev/sdb',
    offset: MiB,
    length: 4096,
    count: 3,
  }),
  new PermafrostError('repository/not-found', { repository: '/r' }),
  new PermafrostError('repository/not-empty', { repository: '/r' }),
  new PermafrostError('repository/corrupt', {
    path: '/r/packs/x',
    problem: say('about/said', { place: say('structure/section'), remark: say('copy/checksum') }),
  }),
  new PermafrostError('repository/full', { repository: '/r', missingBytes: 5 * MiB }),
  new PermafrostError('repository/on-source', { repository: '/r', device: '/dev/sdb' }),
  new PermafrostError('repository/on-target', { repository: '/r', device: '/dev/sdb' }),
  new PermafrostError('repository/unresolved', {
    repository: '/r',
    problem: say('holding/type', { folder: '/r', fileSystem: 'fuse', source: 'x' }),
  }),
  new PermafrostError('image/not-found', { image: 'latest', repository: '/r' }),
  new PermafrostError('image/corrupt', {
    path: '/r/images/x.json',
    problem: say('damage/no-usable', { field: 'regions' }),
  }),
  new PermafrostError('job-file/repository', {
    rule: say('rule/within', { folder: 'images', other: say('rule/smb', { share: '//nas/images' }) }),
    problem: asIs('the server does not know this user, or the password is wrong'),
  }),
  new PermafrostError('job-file/disk', { rule: say('rule/only-disk'), problem: say('disk/none-built-in') }),
  new PermafrostError('boot-job/not-found', {
    word: 'http://nas/job.yaml',
    problem: say('boot-job/unfetched', { problem: say('boot-job/no-answer') }),
  }),
  // What keeps partitions from having the sizes and places that they should.
  new PermafrostError('layout/impossible', {
    device: '/dev/sdb',
    hint: 'Choose another place, or restore the whole disk.',
    problem: say('into/small', {
      place: say('place/largest-free'),
      toBytes: 5 * MiB,
      problem: say('into/needs-kind', {
        place: 'partition 2',
        content: 'XFS',
        lengthBytes: 50 * MiB,
        problem: say('resize/no-shrink-tool', { content: 'XFS' }),
      }),
    }),
  }),
  new PermafrostError('layout/not-shrunk', {
    device: '/dev/sdb',
    number: 2,
    problem: say('tool/failed-with-said', {
      tool: 'resize2fs',
      exit: '1',
      detail: 'resize2fs: No space left',
    }),
  }),
  new PermafrostError('usage/invalid', { problem: say('asked/no-partition', { number: 7, list: '1, 2' }) }),
  new PermafrostError('structure/invalid', { structure: 'NTFS $MFT', problem: 'has no data' }),
  new PermafrostError('image/chunk-unreadable', {
    ...{ chunk: 'ab12', region: 'partition 2', offset: MiB, pack: 'cd34 at 96' },
    problem: say('payload/no-frame'),
  }),
].map((error) => error.toJSON());
