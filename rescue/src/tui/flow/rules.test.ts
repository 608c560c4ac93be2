import { test } from 'node:test';
import assert from 'node:assert/strict';
import { testSession } from '../../../test/tui/drawn.ts';
import { scenes } from '../../../test/tui/scenes.ts';
import { sampleState } from '../../../test/tui/sample.ts';
import { reduce } from './reduce.ts';
import { typedRule } from './rules.ts';

test('a server that was found is taken over, and what is missing is typed behind it', () => {
  const { session, press } = testSession(scenes['smb, servers found']!);
  press('enter');
  assert.equal(session.state.fields.smb, '//10.0.0.5/');
  // Without a share it cannot be opened.
  press('enter');
  assert.equal(session.state.notice?.subject, 'smb');
  press('images', 'enter');
  assert.equal(session.state.waiting?.what, 'place');
  assert.deepEqual(typedRule(session.state, 'smb'), { smb: '//10.0.0.5/images', folder: '.' });
});

test('an export that a server names, and a port that is not the usual one', () => {
  const state = sampleState();
  const nfs = { kind: 'nfs', name: 'n', address: '10.0.0.5', port: 2049, path: '/srv' } as const;
  assert.equal(reduce(state, { kind: 'take-server', server: nfs }).state.fields.nfs, '10.0.0.5:/srv');
  const ssh = { kind: 'ssh', name: 's', address: '10.0.0.5', port: 2222 } as const;
  assert.equal(reduce(state, { kind: 'take-server', server: ssh }).state.fields.ssh, 'root@10.0.0.5:2222');
});

test('servers are looked for when a page of shares is opened, and only then', () => {
  for (const step of ['nfs', 'smb', 'ssh'] as const)
    assert.deepEqual(reduce(sampleState(), { kind: 'go', step }).effects, [{ kind: 'find-servers' }]);
  assert.deepEqual(reduce(sampleState(), { kind: 'go', step: 'path' }).effects, []);
});
