import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandLineWord } from './command-line.ts';

test('words of the command line, the last one counts, quotes keep blanks', () => {
  const line =
    'quiet permafrost.job=/a permafrost.job="http://x/a b" "permafrost.x=1 2" permafrost.job.sha256=ff bare\n';
  assert.equal(commandLineWord(line, 'permafrost.job'), 'http://x/a b');
  assert.equal(commandLineWord(line, 'permafrost.x'), '1 2');
  assert.equal(commandLineWord(line, 'permafrost.job.sha256'), 'ff');
  assert.equal(commandLineWord(line, 'bare'), '');
  assert.equal(commandLineWord(line, 'permafrost'), undefined);
  assert.equal(commandLineWord('"unclosed', 'x'), undefined);
});
