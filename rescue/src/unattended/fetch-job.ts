/** Fetches a job file from a web server, trusting nothing of it. */
import { createHash } from 'node:crypto';
import { MOST_JOB_FILE_BYTES } from './job-file.ts';

export type FetchedJob = { readonly text: string } | { readonly problem: string; readonly final: boolean };

const NO_SUM = 'permafrost.job.sha256 is no SHA-256: 64 hexadecimal digits';
const isSum = (sha256: string): boolean => /^[0-9a-f]{64}$/i.test(sha256);

/** What is wrong with `bytes`, of which `sha256` is to be the SHA-256 (hex). */
export function sumProblem(bytes: Buffer, sha256: string): string | undefined {
  if (!isSum(sha256)) return NO_SUM;
  const actual = createHash('sha256').update(bytes).digest('hex');
  return actual === sha256.toLowerCase()
    ? undefined
    : `is not what permafrost.job.sha256 names: its SHA-256 is ${actual}`;
}

const LIMIT_MS = 30_000;
const MOST_REDIRECTS = 5;

/** The text at `url` (http or https), whose SHA-256 must be `sha256` (hex) if that is given. */
export async function fetchJob(url: string, sha256?: string, signal?: AbortSignal): Promise<FetchedJob> {
  if (sha256 !== undefined && !isSum(sha256)) return { problem: NO_SUM, final: true };
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const response = await followed(url, signal === undefined ? limit : AbortSignal.any([limit, signal]));
    if ('problem' in response) return response;
    const bytes = await readBounded(response);
    if (bytes === undefined) return { problem: `is larger than ${MOST_JOB_FILE_BYTES} bytes`, final: true };
    const problem = sha256 === undefined ? undefined : sumProblem(bytes, sha256);
    if (problem !== undefined) return { problem, final: true };
    return { text: bytes.toString('utf8') };
  } catch (error) {
    if (error instanceof TypeError && error.cause === undefined)
      return { problem: `cannot be fetched: ${error.message}`, final: true };
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
    return {
      problem: `cannot be fetched: ${limit.aborted ? 'no answer in time' : cause.message}`,
      final: false,
    };
  }
}

async function followed(
  url: string,
  signal: AbortSignal,
): Promise<Response | { problem: string; final: boolean }> {
  let at = new URL(url);
  for (let i = 0; i <= MOST_REDIRECTS; i++) {
    if (at.protocol !== 'http:' && at.protocol !== 'https:')
      return { problem: `leads to ${at.protocol}, which is neither http nor https`, final: true };
    const response = await fetch(at, { redirect: 'manual', signal });
    const next = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && next !== null) {
      await response.body?.cancel();
      // What came over a safe line is not to be had over an open one.
      const target = new URL(next, at);
      if (at.protocol === 'https:' && target.protocol === 'http:')
        return { problem: `leads from https to ${target.href}`, final: true };
      at = target;
      continue;
    }
    if (response.ok) return response;
    await response.body?.cancel();
    const final = response.status >= 400 && response.status < 500 && response.status !== 429;
    return {
      problem: `cannot be fetched: the server says ${response.status} ${response.statusText}`.trim(),
      final,
    };
  }
  return { problem: `is redirected more than ${MOST_REDIRECTS} times`, final: true };
}

async function readBounded(response: Response): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += (piece as Uint8Array).length;
    if (length > MOST_JOB_FILE_BYTES) return undefined;
    pieces.push(piece as Uint8Array);
  }
  return Buffer.concat(pieces);
}
