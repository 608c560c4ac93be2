/**
 * What the engine says about a job besides errors: each remark has a code, so that a front end can say it in another
 * language, the words of the engine's own, and what they were made of.
 */

const table = {
  // Why a file system keeps its size: clauses.
  'resize/unknown-content': () => 'what is in it is not known',
  'resize/not-in-image': () => 'the image does not have it',
  'resize/no-shrink-tool': (d: { content: string }) => `no tool makes ${d.content} smaller`,
  'resize/no-grow-tool': (d: { content: string }) => `no tool here grows ${d.content}`,
  'resize/dirty': (d: { content: string }) =>
    `its ${d.content} was not shut down cleanly: shut its system down fully and save it again`,
  'resize/dirty-windows': (d: { content: string }) =>
    `its ${d.content} was not cleanly unmounted: shut Windows down fully and save it again`,
  'resize/full': () => 'its file system needs all of it',
  'resize/no-answer': (d: { tool: string }) => `${d.tool} did not say its least size`,
  'resize/failed': (d: { problem: string }) => d.problem,
  // What grows with its partition only later: clauses.
  'grow-later/lvm2': () => 'run "pvresize" on it in the restored system',
  'grow-later/luks': () => 'the larger space is there once it is unlocked again; then grow what is inside',
  // Why a partition cannot have a size or place: clauses.
  'size/content': (d: { leastBytes: number }) => `its file system needs ${d.leastBytes} bytes at least`,
  'size/no-room': (d: { mostBytes: number }) =>
    `the other partitions leave it room for ${d.mostBytes} bytes at most`,
  'size/width': (d: { mostBytes: number }) =>
    `with clusters of its size its file system can have ${d.mostBytes} bytes at most`,
  'size/empty': () => 'a partition has at least one sector',
  'place/before': (d: { leastStart: number }) =>
    `what lies before it leaves room from ${d.leastStart} bytes on`,
  'place/behind': (d: { mostStart: number }) =>
    `what lies behind it leaves room for a start at ${d.mostStart} bytes at most`,
  'place/sector': (d: { sectorSize: number }) => `a partition begins at a multiple of ${d.sectorSize} bytes`,
} as const;

export type RemarkCode = keyof typeof table;
type Details<C extends RemarkCode> = Parameters<(typeof table)[C]> extends [infer D] ? D : undefined;

/** Plain data, as plans and reports keep it. */
export interface Remark {
  readonly code: RemarkCode;
  /** In English. */
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export const remarkCodes = Object.keys(table) as readonly RemarkCode[];

export function remark<C extends RemarkCode>(
  code: C,
  ...[details]: Details<C> extends undefined ? [] : [Details<C>]
): Remark {
  const say = table[code] as (details: unknown) => string;
  return { code, text: say(details ?? {}), details: details ?? {} };
}
