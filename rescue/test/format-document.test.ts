/** The worked example of docs/repository-format.md, read by the code that reads repositories. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { native } from 'blockdev-native';
import { parseFrameHeader } from '../src/engine/repository/frame.ts';
import {
  FOOTER_BYTES,
  PACK_HEADER_BYTES,
  parseFooter,
  parseIndexSection,
  parsePackHeader,
} from '../src/engine/repository/pack-index.ts';

test('the worked example in the format document is a pack', async () => {
  const document = await readFile(join(import.meta.dirname, '../../docs/repository-format.md'), 'utf8');
  const lines = /```hex\n([\s\S]*?)```/.exec(document)![1]!.trim().split('\n');
  const pack = Buffer.from(lines.map((line) => line.slice(6)).join(''), 'latin1');
  const bytes = Buffer.from(pack.toString('latin1').replaceAll(/\s/g, ''), 'hex');

  assert.equal(`${native.hash(bytes).toString('hex')}.pack`, /`([0-9a-f]{64}\.pack)`/.exec(document)![1]);
  assert.equal(parsePackHeader(bytes), '000102030405060708090a0b0c0d0e0f');
  const indexOffset = parseFooter(bytes.subarray(-FOOTER_BYTES), bytes.length);
  assert.equal(indexOffset, 0x87);
  const [frame, ...others] = parseIndexSection(bytes.subarray(indexOffset), indexOffset);
  assert.equal(others.length, 0);
  assert.deepEqual([frame!.offset, frame!.length], [PACK_HEADER_BYTES, 0x57]);
  const { payloadOffset, payloadBytes, ids } = parseFrameHeader(bytes.subarray(frame!.offset));
  const start = frame!.offset + payloadOffset;
  const chunk = bytes.subarray(start, start + payloadBytes);
  assert.equal(chunk.toString(), 'Permafrost\n');
  assert.deepEqual(native.hash(chunk), ids);
});
