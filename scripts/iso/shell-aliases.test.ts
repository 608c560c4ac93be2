import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { shellAliases } from './shell-aliases.ts';

void test('programs of BusyBox that the system has whole ones of are named by their paths, and no others', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'permafrost-aliases-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const folder of ['usr/bin', 'usr/sbin']) mkdirSync(join(root, folder), { recursive: true });
  symlinkSync('usr/bin', join(root, 'bin'));
  const applets = ['[', 'busybox', 'cat', 'fdisk', 'lsmod', 'modprobe', 'mount', 'reboot', 'round', 'vi'];
  writeFileSync(join(root, 'usr/bin/busybox'), `#!/bin/sh\nprintf '%s\\n' ${applets.join(' ')}\n`, {
    mode: 0o755,
  });
  for (const path of ['usr/sbin/fdisk', 'usr/bin/mount', 'usr/bin/kmod']) writeFileSync(join(root, path), '');
  for (const [name, target] of [
    ['usr/bin/cat', 'busybox'],
    ['usr/bin/[', 'busybox'],
    ['usr/sbin/lsmod', '../bin/kmod'],
    ['usr/sbin/modprobe', '/bin/kmod'],
    ['usr/sbin/reboot', '../bin/busybox'],
    ['usr/bin/round', 'round'],
  ] as const)
    symlinkSync(target, join(root, name));
  assert.equal(
    shellAliases(root),
    'alias fdisk=/usr/sbin/fdisk\nalias lsmod=/usr/sbin/lsmod\nalias modprobe=/usr/sbin/modprobe\nalias mount=/usr/bin/mount\n',
  );
});
