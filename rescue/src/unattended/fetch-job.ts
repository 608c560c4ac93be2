/** Fetches a job file from a web server, trusting nothing of it. */
import { createHash } from 'node:crypto';
import { asIs, say, type Said } from '../engine/index.ts';
import { MOST_JOB_FILE_BYTES } from './job-file.ts';

export type FetchedJob = { readonly text: string } | { readonly problem: Said; readonly final: boolean };

const isSum = (sha256: string): boolean => /^[0-9a-f]{64}$/i.test(sha256);

/** What is wrong with `bytes`, of which `sha256` is to be the SHA-256 (hex). */
export function sumProblem(bytes: Buffer, sha256: string): Said | undefined {
  if (!isSum(sha256)) return say('boot-job/no-sum');
  const actual = createHash('sha256').update(bytes).digest('hex');
  return actual === sha256.toLowerCase() ? undefined : say('boot-job/other-sum', { sum: actual });
}

const unfetched = (problem: Said): Said => say('boot-job/unfetched', { problem });

const LIMIT_MS = 30_000;
const MOST_REDIRECTS = 5;

/** The text at `url` (http or https), whose SHA-256 must be `sha256` (hex) if that is given. */
export async function fetchJob(url: string, sha256?: string, signal?: AbortSignal): Promise<FetchedJob> {
  if (sha256 !== undefined && !isSum(sha256)) return { problem: say('boot-job/no-sum'), final: true };
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const response = await followed(url, signal === undefined ? limit : AbortSignal.any([limit, signal]));
    if ('problem' in response) return response;
    const bytes = await readBounded(response);
    if (bytes === undefined)
      return { problem: say('boot-job/too-large', { mostBytes: MOST_JOB_FILE_BYTES }), final: true };
    const problem = sha256 === undefined ? undefined : sumProblem(bytes, sha256);
    if (problem !== undefined) return { problem, final: true };
    return { text: bytes.toString('utf8') };
  } catch (error) {
    if (error instanceof TypeError && error.cause === undefined)
      return { problem: unfetched(asIs(error.message)), final: true };
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
    return {
      problem: unfetched(limit.aborted ? say('boot-job/no-answer') : asIs(cause.message)),
      final: false,
    };
  }
}

async function followed(
  url: string,
  signal: AbortSignal,
): Promise<Response | { problem: Said; final: boolean }> {
  let at = new URL(url);
  for (let i = 0; i <= MOST_REDIRECTS; i++) {
    if (at.protocol !== 'http:' && at.protocol !== 'https:')
      return { problem: say('boot-job/protocol', { protocol: at.protocol }), final: true };
    const response = await fetch(at, { redirect: 'manual', signal });
    const next = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && next !== null) {
      await response.body?.cancel();
      // What came over a safe line is not to be had over an open one.
      const target = new URL(next, at);
      if (at.protocol === 'https:' && target.protocol === 'http:')
        return { problem: say('boot-job/downgrade', { address: target.href }), final: true };
      at = target;
      continue;
    }
    if (response.ok) return response;
    await response.body?.cancel();
    const final = response.status >= 400 && response.status < 500 && response.status !== 429;
    return {
      problem: unfetched(
        say('boot-job/server-says', { answer: `${response.status} ${response.statusText}`.trim() }),
      ),
      final,
    };
  }
  return { problem: say('boot-job/redirects', { mostCount: MOST_REDIRECTS }), final: true };
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
