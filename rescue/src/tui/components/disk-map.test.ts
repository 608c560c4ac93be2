import { test } from 'node:test';
import assert from 'node:assert/strict';
import { asciiTheme, unicodeTheme } from '../../../test/tui/drawn.ts';
import type { MapBlock, MapRegion } from '../view.ts';
import { mapLines } from './disk-map.ts';
import { lineText } from './line.ts';

const GiB = 1024 ** 3;

const region = (start: number, length: number, labels: readonly string[], used?: number): MapRegion => ({
  kind: 'partition',
  start: start * GiB,
  length: length * GiB,
  labels,
  ...(used === undefined ? {} : { usedBytes: used * GiB }),
});

function drawn(block: Omit<MapBlock, 'kind'>, width = 42, theme = unicodeTheme): string[] {
  return mapLines({ kind: 'map', ...block }, { width, theme }).map(lineText);
}

const names = [
  ['1 FAT32 "EFI"', '1 FAT32', '1'],
  ['2 NTFS "Windows"', '2 NTFS', '2'],
] as const;

test('names stand in the bar where nothing is known of what is used, and those that have no room below it', () => {
  const regions = [region(0, 1, names[0]), region(1, 99, names[1])];
  assert.deepEqual(drawn({ regions, sizeBytes: 100 * GiB }), [
    '│ 1 │ 2 NTFS "Windows"                   │',
    ' 1 FAT32 "EFI"',
  ]);
  assert.deepEqual(drawn({ regions, sizeBytes: 100 * GiB }, 42, asciiTheme), [
    '| 1 | 2 NTFS "Windows"                   |',
    ' 1 FAT32 "EFI"',
  ]);
});

test('used bytes, what was done of them, and names as far as there is room for one of them', () => {
  const regions = [region(0, 1, names[0], 0.1), { ...region(1, 99, names[1], 50), doneBytes: 25 * GiB }];
  const legend = [
    ['copied', 'done'],
    ['used', 'to do'],
  ] as const;
  assert.deepEqual(drawn({ regions, sizeBytes: 100 * GiB, legend }), [
    '│▓░░│█████████▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░│',
    ' 1   2 NTFS "Windows"      █ done  ▓ to do',
  ]);
  assert.deepEqual(drawn({ regions, sizeBytes: 100 * GiB, legend }, 32).at(-1), ' █ done  ▓ to do');
});

test('a name is never cut, however small its region', () => {
  const regions = Array.from({ length: 12 }, (_, i) => region(i, 1, [`${i + 1} ext4`, `${i + 1}`]));
  const lines = drawn({ regions, sizeBytes: 12 * GiB });
  assert.match(lines[0]!, /^(│ \d{1,2} *)+│$/);
  assert.match(lines.slice(1).join('\n'), /1 ext4 {3}2 ext4/);
  for (const line of lines) assert.ok(line.length <= 42, line);
});
