/** More layouts of F2FS: see f2fs.test.ts. */
import { test } from 'node:test';
import { proveLayout } from './support-f2fs.ts';

for (const layout of [
  { name: 'sections of several segments', options: ['-s', '2'], mebibytes: 256 },
  { name: 'logs spread over the volume', options: ['-a', '1', '-o', '10'], mebibytes: 256, fileCount: 200 },
  { name: 'names without case', options: ['-O', 'casefold', '-C', 'utf8'] },
  { name: 'nearly full', options: [], mebibytes: 128, largeMiB: 36 },
])
  test(`only what is used matters: ${layout.name}`, (t) => proveLayout(t, layout));
