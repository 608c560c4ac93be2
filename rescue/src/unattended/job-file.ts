/**
 * Job files: what shall be done with nobody there, in YAML. Everything wrong with one is said at once, with its
 * line. docs/unattended.md explains them, docs/job.schema.json is {@link jobFileSchema} for editors.
 */
import { isNode, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { PermafrostError } from '../engine/index.ts';
import { jobFileSchema, type JobFile } from './job-file-schema.ts';

export type { DiskRule, EndAction, JobFile, Step } from './job-file-schema.ts';
export type { RepositoryRule } from './place-schema.ts';

/** Longer files are refused before they are parsed, in bytes. */
export const MOST_JOB_FILE_BYTES = 256 * 1024;

/** Reads a job file's text; `name` is for messages. Throws `job-file/invalid` with all that is wrong. */
export function parseJobFile(source: string, name: string): JobFile {
  const fail = (problems: string[]): PermafrostError =>
    new PermafrostError('job-file/invalid', { file: name, problems });
  if (Buffer.byteLength(source) > MOST_JOB_FILE_BYTES)
    throw fail([`it is larger than ${MOST_JOB_FILE_BYTES} bytes`]);
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
