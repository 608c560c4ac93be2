import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLayers } from './layers.ts';

const engine = 'rescue/src/engine';
const check = (files: Record<string, string>): string[] => checkLayers(new Map(Object.entries(files)));

test('what the architecture draws is allowed', () => {
  const problems = check({
    [`${engine}/base/errors.ts`]: `import { x } from 'blockdev-native';`,
    [`${engine}/device/device.ts`]: `import { a } from '../base/errors.ts'; import { open } from 'node:fs/promises';`,
    [`${engine}/filesystem/ext/bitmap.ts`]: `import type { D } from '../../device/device.ts'; import 'node:zlib';`,
    [`${engine}/repository/pack.ts`]: `import { a } from '../base/errors.ts'; import 'blockdev-native';`,
    [`${engine}/job/image.ts`]: `import '../repository/pack.ts'; import '../filesystem/ext/bitmap.ts';`,
    [`${engine}/index.ts`]: `export { image } from './job/image.ts';`,
    'rescue/src/cli/run.ts': `import { image } from '../engine/index.ts';`,
    'rescue/src/main.ts': `import { run } from './cli/run.ts'; const ui = await import('./tui/app.tsx');`,
    'rescue/src/tui/app.tsx': `import { Text } from 'ink'; import '../engine/index.ts';`,
    'rescue/test/filesystem/ext.test.ts': `import '../../src/engine/filesystem/ext/bitmap.ts';`,
    'scripts/demo-disk.ts': `import '../rescue/test/support/scratch.ts';`,
    'test-vm/boot.ts': `import { spawn } from 'node:child_process';`,
  });
  assert.deepEqual(problems, []);
});

const red: readonly (readonly [name: string, path: string, text: string, expected: RegExp])[] = [
  [
    'base importing a layer above',
    `${engine}/base/a.ts`,
    `import '../device/b.ts';`,
    /base may not import device/,
  ],
  [
    'a type import upwards',
    `${engine}/base/a.ts`,
    `import type { B } from '../device/b.ts';`,
    /base may not import dev/,
  ],
  [
    'an import() type upwards',
    `${engine}/base/a.ts`,
    `type B = import('../job/b.ts').B;`,
    /base may not import job/,
  ],
  [
    'a dynamic import upwards',
    `${engine}/base/a.ts`,
    `await import('../job/b.ts');`,
    /base may not import job/,
  ],
  [
    'a re-export upwards',
    `${engine}/device/a.ts`,
    `export * from '../partition/b.ts';`,
    /device may not import part/,
  ],
  [
    'partition importing filesystem',
    `${engine}/partition/a.ts`,
    `import '../filesystem/b.ts';`,
    /may not import files/,
  ],
  [
    'filesystem importing partition',
    `${engine}/filesystem/a.ts`,
    `import '../partition/b.ts';`,
    /may not import part/,
  ],
  [
    'repository importing device',
    `${engine}/repository/a.ts`,
    `import '../device/b.ts';`,
    /may not import device/,
  ],
  ['a layer importing the door', `${engine}/job/a.ts`, `import '../index.ts';`, /job may not import engine/],
  [
    'the engine importing a front end',
    `${engine}/job/a.ts`,
    `import '../../cli/b.ts';`,
    /job may not import cli/,
  ],
  [
    'a parser importing node:fs',
    `${engine}/filesystem/a.ts`,
    `import fs from 'node:fs';`,
    /only through a BlockReader/,
  ],
  [
    'a parser importing fs/promises',
    `${engine}/partition/a.ts`,
    `import 'node:fs/promises';`,
    /through a BlockReader/,
  ],
  [
    'a parser starting a process',
    `${engine}/partition/a.ts`,
    `import 'node:child_process';`,
    /through a BlockReader/,
  ],
  [
    'a parser importing the addon',
    `${engine}/filesystem/a.ts`,
    `import 'blockdev-native';`,
    /may not import the native/,
  ],
  [
    'the CLI importing the addon',
    'rescue/src/cli/a.ts',
    `import 'blockdev-native';`,
    /cli may not import the native/,
  ],
  [
    'the CLI going round the door',
    'rescue/src/cli/a.ts',
    `import '../engine/job/b.ts';`,
    /only through engine\/index\.ts/,
  ],
  [
    'a script going round the door',
    'scripts/a.ts',
    `import '../rescue/src/engine/base/b.ts';`,
    /only through engine/,
  ],
  [
    'the CLI importing the terminal UI',
    'rescue/src/cli/a.ts',
    `import '../tui/b.ts';`,
    /cli may not import tui/,
  ],
  [
    'sources importing test support',
    `${engine}/job/a.ts`,
    `import '../../../test/support/b.ts';`,
    /is only for tests/,
  ],
  ['a source importing a test', `${engine}/job/a.ts`, `import './b.test.ts';`, /is only for tests/],
  [
    'test-vm importing rescue',
    'test-vm/a.ts',
    `import '../rescue/src/main.ts';`,
    /test-vm may not import main/,
  ],
  [
    'a test of test-vm importing rescue',
    'test-vm/a.test.ts',
    `import '../rescue/src/main.ts';`,
    /test-vm may not/,
  ],
  [
    'test-vm importing rescue by name',
    'test-vm/a.ts',
    `import 'permafrost';`,
    /may not import rescue by name/,
  ],
  [
    'the addon importing rescue',
    'rescue/blockdev-native/lib/a.ts',
    `import '../../src/engine/base/b.ts';`,
    /native may/,
  ],
  ['a folder that is no layer', `${engine}/misc/a.ts`, `import '../base/b.ts';`, /misc is no layer/],
];

for (const [name, path, text, expected] of red) {
  test(`refuses ${name}`, () => {
    const problems = check({ [path]: `// a first line\n${text}` });
    assert.equal(problems.length, 1);
    assert.match(problems[0]!, expected);
    assert.ok(problems[0]!.startsWith(`${path}:2: `));
  });
}

test('refuses a cycle of values and names the way round', () => {
  const problems = check({
    [`${engine}/base/a.ts`]: `import { b } from './b.ts';`,
    [`${engine}/base/b.ts`]: `import { type C, c } from './c.ts';`,
    [`${engine}/base/c.ts`]: `export { a } from './a.ts';`,
    [`${engine}/base/d.ts`]: `import { a } from './a.ts';`,
  });
  assert.deepEqual(problems, [
    `${engine}/base/a.ts:1: import cycle: ${engine}/base/a.ts → ${engine}/base/b.ts → ${engine}/base/c.ts → ${engine}/base/a.ts`,
  ]);
});

test('a cycle closed by types alone is none', () => {
  const problems = check({
    [`${engine}/base/a.ts`]: `import { b } from './b.ts';`,
    [`${engine}/base/b.ts`]: `import type { A } from './a.ts';`,
  });
  assert.deepEqual(problems, []);
});
