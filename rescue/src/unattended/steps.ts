/** From the steps of a job file to jobs of the engine. */
import {
  asIs,
  parseSize,
  PermafrostError,
  say,
  type AskedPartition,
  type Job,
  type Plan,
} from '../engine/index.ts';
import { diskKey, findDisk, type Disks, type FoundDisk } from './disk-rule.ts';
import type { Step } from './job-file.ts';

/** A step whose disks were found. */
export interface FoundStep {
  readonly job: Job;
  /** Those that it overwrites, or of an image reads, in the order of the job. */
  readonly disks: readonly FoundDisk[];
  /** What a clone reads. */
  readonly reads?: readonly FoundDisk[];
  readonly overwrites: boolean;
  readonly workers?: number;
}

/** Throws `job-file/disk` if a rule does not name one disk. */
export function findStep(step: Step, repository: string, disks: Disks): FoundStep {
  if ('image' in step) {
    const { source, sources, ...given } = step.image;
    const found = (sources ?? [source!]).map((rule) => findDisk(rule, disks));
    const { workers, ...rest } = camelCased(given);
    const job: Job = { kind: 'image', sources: found.map(({ path }) => path), repository, ...rest };
    return { job, disks: found, overwrites: false, ...defined({ workers }) };
  }
  if ('restore' in step) {
    const { target, disk, targets, layout, ...given } = step.restore;
    const wanted = targets ?? [{ ...defined({ disk }), target: target! }];
    const found = wanted.map((one) => findDisk(one.target, disks));
    const { workers, ...rest } = camelCased(given);
    const job: Job = {
      kind: 'restore',
      repository,
      targets: wanted.map((one, i) => ({ ...defined({ disk: one.disk }), target: found[i]!.path })),
      ...layoutOf(layout),
      ...rest,
    };
    return { job, disks: found, overwrites: true, ...defined({ workers }) };
  }
  if ('clone' in step) {
    const { source, target, targets, layout, ...given } = step.clone;
    const from = findDisk(source, disks);
    const found = (targets ?? [target!]).map((rule) => findDisk(rule, disks));
    const { workers, ...rest } = camelCased(given);
    const job: Job = {
      kind: 'clone',
      source: from.path,
      targets: found.map(({ path }) => path),
      ...layoutOf(layout),
      ...rest,
    };
    return { job, disks: found, reads: [from], overwrites: true, ...defined({ workers }) };
  }
  if ('bootcheck' in step) {
    const { target, ...given } = step.bootcheck;
    const found = findDisk(target, disks);
    const job: Job = { kind: 'bootcheck', target: found.path, ...camelCased(given) };
    return { job, disks: [found], overwrites: false };
  }
  const { workers, ...rest } = camelCased(step.verify);
  return {
    job: { kind: 'verify', repository, ...rest },
    disks: [],
    overwrites: false,
    ...defined({ workers }),
  };
}

type AskedLayout = Extract<Step, { clone: unknown }>['clone']['layout'];

/** Sizes in bytes, as jobs have them. */
function layoutOf(layout: AskedLayout): { layout?: AskedPartition[] } {
  if (layout === undefined) return {};
  const bytes = (size: number | string | undefined): number | undefined =>
    typeof size === 'string' ? parseSize(size) : size;
  return {
    layout: layout.map(({ partition, size, start }) => ({
      partition,
      ...defined({ size: bytes(size), start: bytes(start) }),
    })),
  };
}

/**
 * Throws `job-file/disk` if the disks of `now` are not those that were announced: one that came late, as slow ones do
 * after a start, can be the one that is meant.
 */
export function checkSameDisks(announced: readonly FoundStep[], now: readonly FoundStep[]): void {
  const disksOf = (steps: readonly FoundStep[]): readonly FoundDisk[] =>
    steps.flatMap(({ reads = [], disks }) => [...reads, ...disks]);
  const found = disksOf(now);
  const other = disksOf(announced).find(({ key }, i) => found[i]?.key !== key);
  if (other !== undefined) throw isAnother(other);
}

function isAnother({ name }: FoundDisk): PermafrostError {
  return new PermafrostError('job-file/disk', {
    rule: asIs(name),
    problem: say('disk/another'),
  });
}

/** Throws `job-file/disk` if the disks of `plan` are not those that were announced: names can change hands. */
export function checkPlannedDisks({ disks, reads = [] }: FoundStep, plan: Plan): void {
  const planned = plan.source === undefined ? plan.disks : [plan.source, ...plan.disks];
  for (const { identity } of planned) {
    if (identity.kind !== 'device') continue;
    const key = diskKey(identity);
    const announced = [...reads, ...disks].find((disk) => disk.path === identity.path);
    // A path that is no disk of the system, such as a link to one, was named by the person.
    if (announced === undefined || announced.key === announced.path || announced.key === key) continue;
    throw isAnother(announced);
  }
}

/** Without the fields that are undefined, as jobs want it. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

type Camel<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;
type CamelCased<T> = { [K in keyof T as Camel<K & string>]: Exclude<T[K], undefined> };

/** Keys of a file as fields of a job: `skip-gaps` is `skipGaps`; false, which is what jobs leave out, too. */
function camelCased<T extends object>(object: T): CamelCased<T> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => {
      if (value === undefined || value === false) return [];
      const name =
        key === 'chunk-size'
          ? 'chunkBytes'
          : key.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      return [[name, value]];
    }),
  ) as CamelCased<T>;
}
