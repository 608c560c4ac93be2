import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { cleanScratch } from './test-scratch.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'permafrost-runner-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Runs the runner over files of the given texts; its exit code, its sums and what it printed. */
async function runFiles(
  t: TestContext,
  texts: readonly string[],
): Promise<{ code: number; counts: unknown; output: string }> {
  const path = await folder(t);
  const files = texts.map((_, index) => join(path, `${index}.test.mjs`));
  for (const [index, file] of files.entries()) {
    await writeFile(file, `import { test } from 'node:test';\n${texts[index]!}`);
  }
  const sums = join(path, 'counts.json');
  const args = [join(import.meta.dirname, 'test-files.ts'), '--limit', '3', '--counts', sums, ...files];
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
    // Not as a child of this very test run: node:test would make it report to its parent.
    const env = { ...process.env };
    delete env['NODE_TEST_CONTEXT'];
    const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
  return { code, counts: JSON.parse(await readFile(sums, 'utf8')), output };
}

test('files that pass add up, with what was skipped', async (t) => {
  const { code, counts } = await runFiles(t, [
    `test('a', () => {}); test('b', (t) => t.skip());`,
    `test('c', () => {});`,
  ]);
  assert.deepEqual(counts, { passed: 2, failed: 0, skipped: 1 });
  assert.equal(code, 0);
});

test('a failing test, a file without tests, a crash and a file that spins all fail, and the rest still runs', async (t) => {
  const { code, counts, output } = await runFiles(t, [
    `test('fails', () => { throw new Error('the reason'); });`,
    '',
    `process.exit(7);`,
    `for (;;);`,
    `test('passes', () => {});`,
  ]);
  assert.deepEqual(counts, { passed: 1, failed: 4, skipped: 0 });
  assert.equal(code, 1);
  for (const text of ['the reason', 'ran no test', 'ended with exit 7', 'took longer than 3 s']) {
    assert.ok(output.includes(text), `${text} in\n${output}`);
  }
});

test('what tests leave in their scratch folder is named and removed', async (t) => {
  const path = await folder(t);
  assert.deepEqual(await cleanScratch(path), []);
  await writeFile(join(path, 'left'), '');
  assert.deepEqual(await cleanScratch(path), ['the folder or file left']);
  assert.deepEqual(await readdir(path), []);
});
