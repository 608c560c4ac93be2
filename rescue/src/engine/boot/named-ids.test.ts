import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findIds, replaceIds } from './named-ids.ts';

const UUID = '0a1b2c3d-1111-4222-8333-444455556666';
const NEW = 'ffffffff-9999-4888-8777-666655554444';
const text = (content: string): Buffer => Buffer.from(content, 'latin1');
const renew = (content: string, renewed: Readonly<Record<string, string>>): string => {
  const map = new Map(Object.entries(renewed));
  return replaceIds(text(content), findIds('text', text(content), map.keys()), map).toString('latin1');
};

test('replaces words of a text as they were written, and leaves everything else', () => {
  const cases: readonly [string, string][] = [
    [`UUID=${UUID} / ext4 defaults 0 1\n`, `UUID=${NEW} / ext4 defaults 0 1\n`],
    [`UUID="${UUID.toUpperCase()}"`, `UUID="${NEW.toUpperCase()}"`],
    [`/dev/disk/by-uuid/${UUID}`, `/dev/disk/by-uuid/${NEW}`],
    [`search.fs_uuid ${UUID} root hd0,gpt2`, `search.fs_uuid ${NEW} root hd0,gpt2`],
    [`--set=root ${UUID}\nroot=UUID=${UUID}`, `--set=root ${NEW}\nroot=UUID=${NEW}`],
    // Part of a longer word is another word.
    [`luks-${UUID}`, `luks-${UUID}`],
    [`${UUID}0`, `${UUID}0`],
    [`a${UUID}`, `a${UUID}`],
    ['\xe4\xf6 \x00\xff nothing', '\xe4\xf6 \x00\xff nothing'],
  ];
  for (const [before, after] of cases) assert.equal(renew(before, { [UUID]: NEW }), after);
});

test('knows serials of FAT and NTFS and partitions of an MBR, but no eight digits alone', () => {
  assert.equal(renew('UUID=C029-F17B /boot/efi', { 'c029-f17b': '1234-ABCD' }), 'UUID=1234-ABCD /boot/efi');
  assert.equal(
    renew('UUID=1FBFF0B464A6B976 /c', { '1fbff0b464a6b976': 'AAAAAAAA00000000' }),
    'UUID=AAAAAAAA00000000 /c',
  );
  assert.equal(
    renew('root=PARTUUID=1badf00d-02', { '1badf00d-02': '00c0ffee-02' }),
    'root=PARTUUID=00c0ffee-02',
  );
  assert.equal(renew('crc 1badf00d', { '1badf00d': '00c0ffee' }), 'crc 1badf00d');
});

test('never changes the size of a file', () => {
  assert.throws(() => renew(UUID, { [UUID]: 'short' }), RangeError);
});
