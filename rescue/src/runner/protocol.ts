/**
 * What the runner and its clients say to each other: lines of JSON over a socket that only root can open. A client
 * says hello with the version, then calls; the runner answers, and sends its state after every change.
 */
import { join } from 'node:path';
// As a namespace, so that the bundle leaves out its forty languages.
import * as z from 'zod';
import { stateFolder, type ErrorReport, type Job } from '../engine/index.ts';
import { placeSchema } from '../unattended/place-schema.ts';
import type { HostState } from './job-host.ts';

export const PROTOCOL = 1;
export const RUNNER_SOCKET: string = join(stateFolder, 'runner.sock');
/** What is known of the runner's last end, by whoever starts it again. */
export const RUNNER_END: string = join(stateFolder, 'runner-end');

/** The longest line from a client: a job with a very long list, or a private key. */
export const MOST_CALL_BYTES = 1024 * 1024;
/** The longest line from the runner: plans list every region of every disk. */
export const MOST_ANSWER_BYTES = 128 * 1024 * 1024;

const text = z.string().max(4096);
const flag = z.boolean().optional();
const numbers = z.array(z.int()).max(4096).optional();
const paths = z.array(text).max(1024);
const number = z.int().optional();
const grow = z.union([z.int(), text]).optional();
const layout = z
  .array(z.strictObject({ partition: z.int(), size: number, start: number }))
  .max(4096)
  .optional();

const jobSchema: z.ZodType<Job> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('image'),
    sources: paths,
    repository: text,
    name: text.optional(),
    partitions: numbers,
    level: number,
    raw: flag,
    skipGaps: flag,
    trustBitmap: numbers,
    forceSameDisk: flag,
    allowUnresolved: flag,
    sectorSize: number,
    chunkBytes: number,
  }),
  z.strictObject({
    kind: z.literal('restore'),
    repository: text,
    image: text,
    machine: text.optional(),
    ofDisk: text.optional(),
    targets: z.array(z.strictObject({ disk: number, target: text })).max(1024),
    partitions: numbers,
    into: z
      .array(z.strictObject({ partition: z.int(), place: z.union([z.int(), z.literal('free')]) }))
      .optional(),
    grow,
    layout,
    scratch: text.optional(),
    delta: flag,
    noVerify: flag,
    noBootEntry: flag,
    newIds: flag,
    zeroUnused: flag,
    keepGoing: flag,
    allowUnresolved: flag,
  }),
  z.strictObject({
    kind: z.literal('clone'),
    source: text,
    targets: paths,
    raw: flag,
    trustBitmap: numbers,
    grow,
    layout,
    scratch: text.optional(),
    delta: flag,
    noVerify: flag,
    noBootEntry: flag,
    newIds: flag,
    sectorSize: number,
  }),
  z.strictObject({
    kind: z.literal('verify'),
    repository: text,
    image: text.optional(),
    machine: text.optional(),
    ofDisk: text.optional(),
    independent: flag,
  }),
  z.strictObject({ kind: z.literal('bootcheck'), target: text, sectorSize: number }),
]) as unknown as z.ZodType<Job>;

const request = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('place'), rule: placeSchema }),
  z.strictObject({ method: z.literal('release'), placeId: text }),
  z.strictObject({ method: z.literal('plan'), job: jobSchema }),
  z.strictObject({
    method: z.literal('start'),
    job: jobSchema,
    digest: text,
    workers: z.int().min(1).max(64).optional(),
  }),
  z.strictObject({ method: z.enum(['cancel', 'pause', 'resume', 'dismiss']) }),
]);

/** What a client asks for. */
export type Request = z.infer<typeof request>;

const clientMessage = z.union([
  z.object({ hello: z.object({ protocol: z.int() }) }),
  z.strictObject({ call: z.int().min(0), request }),
  z.strictObject({ abort: z.int().min(0) }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

/** What came from a client; undefined if it is none of what a client may say. */
export function parseClientMessage(value: unknown): ClientMessage | undefined {
  return clientMessage.safeParse(value).data;
}

export type RunnerMessage =
  | { readonly hello: { readonly protocol: number; readonly program: string } }
  /** `samePlan`: with the plan of the state before, which is long and seldom another. */
  | { readonly state: HostState; readonly samePlan?: true }
  | { readonly answer: number; readonly result?: unknown }
  | { readonly answer: number; readonly error: ErrorReport }
  /** Why the runner closes this connection. */
  | { readonly bye: ErrorReport };

export function toLine(message: ClientMessage | RunnerMessage): string {
  return `${JSON.stringify(message)}\n`;
}
