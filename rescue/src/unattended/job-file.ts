/**
 * Job files: what shall be done with nobody there, in YAML. Everything wrong with one is said at once, with its
 * line. docs/unattended.md explains them, docs/job.schema.json is {@link jobFileSchema} for editors.
 */
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { PermafrostError } from '../engine/index.ts';

/** Longer files are refused before they are parsed, in bytes. */
const MOST_BYTES = 256 * 1024;

const text = z.string().min(1).max(4096);
const partitions = z.array(z.int().min(1).max(4096)).min(1).optional();

const diskRule = z
  .union([
    z.strictObject({ serial: text }).describe('the disk with this serial number'),
    z.strictObject({ wwn: text }).describe('the disk with this World Wide Name'),
    z.strictObject({ file: text }).describe('a disk-image file'),
    z.literal('only-disk').describe('the only built-in disk; an error if there are several'),
    z.literal('largest').describe('the largest built-in disk; an error if two are as large'),
  ])
  .describe('which disk; never a name like sda, which can be another disk after the next start');

const repository = z
  .union([
    z.strictObject({ path: text }).describe('a folder of this system'),
    z
      .strictObject({ label: text, folder: text.default('permafrost') })
      .describe('a folder of the file system with this label, on any disk'),
    z
      .strictObject({ uuid: text, folder: text.default('permafrost') })
      .describe('a folder of the file system with this UUID, on any disk'),
  ])
  .describe('where the images are');

const imageStep = z.strictObject({
  source: diskRule,
  name: text.max(200).optional(),
  level: z.int().min(1).max(19).optional(),
  raw: z.boolean().optional(),
  partitions,
  'skip-gaps': z.boolean().optional(),
});

const restoreStep = z.strictObject({
  image: text.describe('an id, a unique beginning of one, a name, or latest'),
  target: diskRule,
  disk: z.int().min(1).optional().describe('which disk of an image with several'),
  partitions,
  delta: z.boolean().optional().describe('write only what differs'),
});

const verifyStep = z.strictObject({
  image: text.optional().describe('everything in the repository if left out'),
  independent: z.boolean().optional(),
});

const step = z.union([
  z.strictObject({ image: imageStep }),
  z.strictObject({ restore: restoreStep }),
  z.strictObject({ verify: verifyStep }),
]);

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
    repository,
    steps: z.array(step).min(1).max(100),
  })
  .describe('A Permafrost job file');

export type JobFile = z.infer<typeof jobFileSchema>;
export type Step = JobFile['steps'][number];
export type DiskRule = z.infer<typeof diskRule>;
export type RepositoryRule = z.infer<typeof repository>;

/** Reads a job file's text; `name` is for messages. Throws `job-file/invalid` with all that is wrong. */
export function parseJobFile(source: string, name: string): JobFile {
  const fail = (problems: string[]): PermafrostError =>
    new PermafrostError('job-file/invalid', { file: name, problems });
  if (Buffer.byteLength(source) > MOST_BYTES) throw fail([`it is larger than ${MOST_BYTES} bytes`]);
  const lines = new LineCounter();
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  let document: ReturnType<typeof parseDocument>;
  let data: unknown;
  try {
    document = parseDocument(source, { lineCounter: lines, prettyErrors: false, schema: 'core' });
    // No aliases: a file of a hundred bytes could stand for gigabytes.
    data = document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    // What is nested thousands deep overflows the stack of the parser.
    throw fail([error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message]);
  }
  const problems = document.errors.map(({ message, pos }) => `line ${lineAt(pos[0])}: ${message}`);
  if (problems.length > 0) throw fail(problems);
  const result = jobFileSchema.safeParse(data, { reportInput: true });
  if (result.success) return result.data;
  throw fail(
    result.error.issues.flatMap(deepest).map(({ path, message }) => {
      // The innermost part that exists: what is missing has no line of its own.
      for (let depth = path.length; depth >= 0; depth--) {
        const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
        if (isNode(node) && node.range != null) {
          const where = path.length === 0 ? '' : `${path.join('.')}: `;
          return `line ${lineAt(node.range[0])}: ${where}${message}`;
        }
      }
      return message;
    }),
  );
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of an alternative that fits in none of its forms the form that came nearest speaks for it. */
function deepest(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const forms = issue.errors.map((form) =>
    form.flatMap((inner) => deepest({ ...inner, path: [...issue.path, ...inner.path] })),
  );
  const depth = (form: readonly Issue[]): number => Math.min(...form.map(({ path }) => path.length));
  const best = Math.max(...forms.map(depth));
  const nearest = forms.filter((form) => depth(form) === best);
  // Several as near: then none of them is what was meant.
  if (nearest.length > 1 || best === issue.path.length)
    return [{ path: issue.path, message: 'is none of the forms that are possible here' }];
  return nearest[0]!;
}
