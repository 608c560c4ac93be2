/** The form of a job file; docs/job.schema.json is made from it. */
// As a namespace, so that the bundle leaves out its forty languages.
import * as z from 'zod';
import { parseSize } from '../engine/index.ts';
import { placeSchema } from './place-schema.ts';

const text = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes('\0'), { message: 'may hold no NUL' });
const partitions = z.array(z.int().min(1).max(4096)).min(1).max(4096).optional();
const flag = z.boolean().optional();

const diskRule = z
  .union([
    z.strictObject({ serial: text }).describe('the disk with this serial number'),
    z.strictObject({ wwn: text }).describe('the disk with this World Wide Name'),
    z.strictObject({ file: text }).describe('a disk-image file'),
    z.literal('only-disk').describe('the only built-in disk; an error if there are several'),
    z.literal('largest').describe('the largest built-in disk; an error if two are as large'),
  ])
  .describe('which disk; never a name like sda, which can be another disk after the next start');

const workers = z.int().min(1).max(64).optional().describe('threads; by itself as many as are of use');
const allowUnresolved = flag.describe(
  'go on although it cannot be found out which disk holds the repository',
);

const trustBitmap = z
  .array(z.int().min(0).max(4096))
  .min(1)
  .max(4096)
  .optional()
  .describe('partitions whose bitmap is believed although they are not clean; 0: a disk without any');

const grow = z
  .union([z.int().min(1).max(4096), text.max(200)])
  .optional()
  .describe('on a larger target: the partition that gets the free space; a number, a name or label, or last');

const size = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,15}([.]\d{1,9})? ?([kMGT](i?B)?|B)$/)
    .refine((value) => parseSize(value) !== undefined, { message: 'is no size' }),
]);

const layout = z
  .array(
    z.strictObject({
      partition: z.int().min(1).max(4096),
      size: size.optional().describe('such as 20GiB; a plain number: bytes'),
      start: size.optional().describe('where it begins on the target'),
    }),
  )
  .min(1)
  .max(4096)
  .optional()
  .describe('whole disks: sizes and places that partitions get on the target, file systems with them');

const newIds = flag.describe(
  'give the disk, its partitions and file systems new identifiers, and mend what names them',
);

const scratch = text
  .optional()
  .describe(
    'on a smaller target: folder for what making file systems smaller takes; default: for temporary files',
  );

const noBootEntry = flag.describe('on a UEFI machine: make no boot entry and write no fallback loader');

const imageStep = z
  .strictObject({
    source: diskRule.optional(),
    sources: z.array(diskRule).min(1).max(64).optional().describe('several disks in one image'),
    name: text.max(200).optional(),
    level: z.int().min(1).max(19).optional(),
    raw: flag.describe('save everything, also what file systems do not use'),
    partitions,
    'skip-gaps': flag.describe('leave out unpartitioned space, but for its first and last MiB'),
    'trust-bitmap': trustBitmap,
    'force-same-disk': flag.describe('allow a repository on the disk that is imaged'),
    'allow-unresolved': allowUnresolved,
    'sector-size': z.union([z.literal(512), z.literal(4096)]).optional(),
    'chunk-size': z
      .int()
      .min(65536)
      .max(4194304)
      .optional()
      .describe('bytes of a chunk in a repository that is created now; a power of two'),
    workers,
  })
  .refine(({ source, sources }) => (source === undefined) !== (sources === undefined), {
    message: 'needs either source or sources',
  });

const restoreStep = z
  .strictObject({
    image: text.describe('an id, a unique beginning of one, a name, or latest'),
    machine: text.optional().describe('only images of this machine (host name, id or model)'),
    'of-disk': text.optional().describe('only images with this disk (serial, WWN, model or path)'),
    target: diskRule.optional(),
    disk: z.int().min(1).optional().describe('which disk of an image with several'),
    targets: z
      .array(z.strictObject({ disk: z.int().min(1), target: diskRule }))
      .min(1)
      .max(64)
      .optional()
      .describe('several disks of an image, each with where it goes'),
    partitions,
    into: z
      .array(
        z.strictObject({
          partition: z.int().min(1).max(4096).describe('of the image'),
          place: z.union([z.int().min(1).max(4096), z.literal('free')]).describe('of the target'),
        }),
      )
      .min(1)
      .max(4096)
      .optional()
      .describe('only these partitions, into others of the target or new ones in its free space'),
    grow,
    layout,
    scratch,
    delta: flag.describe('write only what differs'),
    'no-verify': flag.describe('do not read the target back'),
    'no-boot-entry': noBootEntry,
    'new-ids': newIds,
    'zero-unused': flag.describe('write zeros where the image has no data'),
    'keep-going': flag.describe('restore what can be read from a damaged repository'),
    'allow-unresolved': allowUnresolved,
    workers,
  })
  .refine(({ target, targets }) => (target === undefined) !== (targets === undefined), {
    message: 'needs either target or targets',
  })
  .refine(({ disk, targets }) => disk === undefined || targets === undefined, {
    message: 'has disk beside targets, which name their disks themselves',
  });

const cloneStep = z
  .strictObject({
    source: diskRule,
    target: diskRule.optional(),
    targets: z
      .array(diskRule)
      .min(1)
      .max(64)
      .optional()
      .describe('several disks that become like the source'),
    raw: flag.describe('copy everything, also what file systems do not use'),
    'trust-bitmap': trustBitmap,
    grow,
    layout,
    scratch,
    delta: flag.describe('write only what differs'),
    'no-verify': flag.describe('do not read the targets back'),
    'no-boot-entry': noBootEntry,
    'new-ids': newIds,
    'sector-size': z.union([z.literal(512), z.literal(4096)]).optional(),
    workers,
  })
  .refine(({ target, targets }) => (target === undefined) !== (targets === undefined), {
    message: 'needs either target or targets',
  });

const verifyStep = z.strictObject({
  image: text.optional().describe('everything in the repository if left out'),
  machine: text.optional(),
  'of-disk': text.optional(),
  independent: flag.describe('decode and hash with a second, separate implementation'),
  workers,
});

const bootcheckStep = z.strictObject({
  target: diskRule,
  'sector-size': z.union([z.literal(512), z.literal(4096)]).optional(),
});

const step = z.union([
  z.strictObject({ image: imageStep }),
  z.strictObject({ restore: restoreStep }),
  z.strictObject({ clone: cloneStep }),
  z.strictObject({ verify: verifyStep }),
  z.strictObject({ bootcheck: bootcheckStep }).describe('fails if a system on the disk does not start'),
]);

const end = z.enum(['power-off', 'reboot', 'stay']).default('stay');

export const jobFileSchema = z
  .strictObject({
    version: z.literal(1),
    id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
      .describe('a machine runs a job of this id once, unless repeat is true'),
    repeat: z.boolean().default(false),
    countdown: z
      .int()
      .min(0)
      .max(3600)
      .optional()
      .describe('seconds to stop it before it begins; default 10 where a disk is overwritten, else 0'),
    repository: placeSchema,
    wait: z
      .int()
      .min(0)
      .max(7 * 24 * 3600)
      .optional()
      .describe(
        'seconds to wait for the repository; for ever in the rescue environment if left out, else 60',
      ),
    progress: z
      .string()
      .regex(/^(tty[A-Za-z]{1,8}[0-9]{1,3}|virtio)$/)
      .optional()
      .describe(
        'where everything that happens is written as JSON lines: a serial port such as ttyS1, or virtio',
      ),
    end: end.describe('what the machine does when the job has gone well; only in the rescue environment'),
    'on-failure': end.describe('what it does when the job has not gone well'),
    steps: z.array(step).min(1).max(100),
  })
  .describe('A Permafrost job file');

export type JobFile = z.infer<typeof jobFileSchema>;
export type Step = JobFile['steps'][number];
export type DiskRule = z.infer<typeof diskRule>;
export type EndAction = JobFile['end'];
