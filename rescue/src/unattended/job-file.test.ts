import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { processorMs } from '../../test/support/patience.ts';
import { jobSchemaText } from '../../../scripts/job-schema.ts';
import { isPermafrostError } from '../engine/index.ts';
import { parseJobFile } from './job-file.ts';

const docs = join(import.meta.dirname, '../../../docs');

const whole = `version: 1
id: lab-3
repeat: true
countdown: 5
repository: { label: PERMAFROST, folder: images/lab }
steps:
  - image: { source: { serial: S3Z9NB0K }, name: before, level: 5, skip-gaps: true }
  - verify: { image: before, independent: true }
  - restore: { image: latest, target: only-disk, partitions: [1, 3], delta: true }
`;

function problemsOf(text: string): string[] {
  try {
    parseJobFile(text, 'job.yaml');
  } catch (error) {
    assert.ok(isPermafrostError(error, 'job-file/invalid'), String(error));
    assert.equal(error.exitCode, 2);
    return [...error.details.problems];
  }
  return assert.fail('it was accepted');
}

test('a whole job file is read, with defaults where it says nothing', () => {
  const file = parseJobFile(whole, 'job.yaml');
  assert.equal(file.steps.length, 3);
  assert.deepEqual(file.repository, { label: 'PERMAFROST', folder: 'images/lab' });
  assert.deepEqual(file.steps[2], {
    restore: { image: 'latest', target: 'only-disk', partitions: [1, 3], delta: true },
  });
  const short = parseJobFile(
    'version: 1\nid: a\nrepository: { path: /r }\nsteps: [{ verify: {} }]',
    'job.yaml',
  );
  assert.deepEqual([short.repeat, short.countdown], [false, undefined]);
});

test('every mistake is said at once, each with its line', () => {
  const problems = problemsOf(
    whole
      .replace('version: 1', 'version: 2')
      .replace('level: 5', 'level: 40')
      .replace('partitions: [1, 3]', 'partition: [1, 3]'),
  );
  assert.equal(problems.length, 3, problems.join('\n'));
  assert.match(problems[0]!, /^line 1: version: /);
  assert.match(problems[1]!, /^line 7: steps\.0\.image\.level: /);
  assert.match(problems[2]!, /^line 9: steps\.2\.restore: .*"partition"/);
});

test('a disk is never named by a path under /dev', () => {
  for (const target of ['sda', '/dev/sda', '{ path: /dev/sda }', '{ serial: "" }']) {
    const problems = problemsOf(whole.replace('target: only-disk', `target: ${target}`));
    assert.match(problems.join('\n'), /^line 9: steps\.2\.restore\.target/);
  }
});

test('a size that is none is an error, and not left out', () => {
  const withSize = (size: string): string =>
    whole
      .replace('delta: true }', `layout: [{ partition: 1, size: ${size} }] }`)
      .replace('partitions: [1, 3], ', '');
  for (const size of ['5Gi', '5ki', '999999999999999T', '5 G B'])
    assert.match(problemsOf(withSize(size)).join('\n'), /^line 9: steps\.2\.restore\.layout\.0\.size/, size);
  for (const size of ['5G', '5 GiB', '5.5GB', '5kiB', '5B', '5368709120'])
    parseJobFile(withSize(size), 'job.yaml');
});

test('what no path, and no port, can be is said with its line', () => {
  const withPlace = (place: string): string => whole.replace(/^repository: .*$/m, `repository: ${place}`);
  for (const place of [
    '{ path: "/r\\0" }',
    '{ ssh: "me@host:0", folder: r }',
    '{ ssh: "[::1]:70000", folder: r }',
  ])
    assert.match(problemsOf(withPlace(place)).join('\n'), /^line 5: repository/, place);
  for (const place of ['{ ssh: "me@host:65535", folder: r }', '{ ssh: "[::7:99999]", folder: r }'])
    parseJobFile(withPlace(place), 'job.yaml');
});

test('what is missing, doubled or no YAML is said with its line', () => {
  assert.match(problemsOf(whole.replace('id: lab-3\n', '')).join('\n'), /^line 1: id: /);
  assert.match(problemsOf(`${whole}id: again\n`).join('\n'), /^line 10: .*unique/);
  assert.match(problemsOf('version: 1\n  id: [').join('\n'), /^line 2: /m);
  assert.match(problemsOf('').join('\n'), /expected object/);
  assert.match(problemsOf(whole.replace('lab-3', '../lab')).join('\n'), /^line 2: id: /);
});

test('hostile files end soon', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (let i = 1; i < 30; i++) {
    const before = String.fromCharCode(96 + i);
    const name = String.fromCharCode(97 + i);
    bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`);
  }
  const startMs = processorMs();
  problemsOf(bomb.slice(0, 20).join('\n'));
  problemsOf(`id: ${'['.repeat(5000)}`);
  assert.match(problemsOf(`id: ${'x'.repeat(300_000)}`).join('\n'), /larger than/);
  assert.ok(processorMs() - startMs < 5000);
});

test('the published schema is the one that files are checked by', async () => {
  assert.equal(readFileSync(join(docs, 'job.schema.json'), 'utf8'), await jobSchemaText());
});

test('every example of docs/unattended.md is a job file', () => {
  const page = readFileSync(join(docs, 'unattended.md'), 'utf8');
  const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!);
  assert.ok(examples.length >= 3);
  for (const example of examples) parseJobFile(example, 'an example');
});
