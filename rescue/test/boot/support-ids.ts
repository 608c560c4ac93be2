/** The identifiers of a disk-image file, as sfdisk and blkid see them. */
import { run } from '../support/command.ts';

export interface DiskIds {
  readonly disk: string;
  /** By partition number; absent without a table entry's own. */
  readonly partitions: readonly {
    readonly number: number;
    readonly id: string;
    readonly fileSystem?: string;
  }[];
}

/** Reads them with tools that others wrote. */
export async function readIds(path: string): Promise<DiskIds> {
  const { stdout } = await run('sfdisk', ['--json', path]);
  const { partitiontable: table } = JSON.parse(stdout) as {
    partitiontable: {
      id: string;
      label: string;
      partitions: { node: string; start: number; size: number; uuid?: string }[];
    };
  };
  const partitions = [];
  for (const { node, start, size, uuid } of table.partitions) {
    const number = Number(node.slice(path.length));
    const where = ['--offset', String(start * 512), '--size', String(size * 512)];
    const { stdout: probed } = await run('blkid', ['-p', '-s', 'UUID', '-o', 'value', ...where, path], {
      accept: [0, 2],
    });
    const signature = `${table.id.slice(2)}-${String(number).padStart(2, '0')}`;
    partitions.push({
      number,
      id: (uuid ?? signature).toLowerCase(),
      ...(probed.trim() === '' ? {} : { fileSystem: probed.trim() }),
    });
  }
  return { disk: table.id, partitions };
}

/** All of `ids`, for comparing. */
export function allIds({ disk, partitions }: DiskIds): string[] {
  return [disk, ...partitions.flatMap(({ id, fileSystem = '' }) => [id, fileSystem])]
    .filter((id) => id !== '')
    .map((id) => id.toLowerCase());
}
