import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { findProblems } from './check-root.ts';

function emptyRoot(t: { after(hook: () => void): void }): string {
  const root = mkdtempSync(join(tmpdir(), 'permafrost-root-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const folder of ['usr/bin', 'usr/sbin', 'usr/lib/x86_64-linux-gnu', 'usr/lib/udev', 'etc']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  return root;
}

void test('a program without its library is found, and not once the library is there', (t) => {
  const root = emptyRoot(t);
  copyFileSync('/bin/cat', join(root, 'usr/bin/cat'));
  assert.ok(findProblems(root).includes('usr/bin/cat needs libc.so.6'));
  writeFileSync(join(root, 'usr/lib/x86_64-linux-gnu/libc.so.6'), '');
  assert.ok(!findProblems(root).some((problem) => problem.startsWith('usr/bin/cat')));
});

void test('a script without its interpreter is found, by path and through env', (t) => {
  const root = emptyRoot(t);
  writeFileSync(join(root, 'usr/sbin/one'), '#! /usr/bin/perl -w\n');
  writeFileSync(join(root, 'usr/sbin/two'), '#!/usr/bin/env python3\n');
  writeFileSync(join(root, 'usr/sbin/three'), '#!/usr/bin/sh\n');
  writeFileSync(join(root, 'usr/bin/sh'), '');
  const scripts = findProblems(root).filter((problem) => problem.includes(' is run by '));
  assert.deepEqual(scripts.sort(), [
    'usr/sbin/one is run by /usr/bin/perl, which is missing',
    'usr/sbin/two is run by /usr/bin/python3, which is missing',
  ]);
});

void test('promised programs and drivers are missed, built-in drivers are not', (t) => {
  const root = emptyRoot(t);
  const modules = join(root, 'usr/lib/modules/6.12.1/kernel/drivers/ata');
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(modules, 'ahci.ko'), '');
  writeFileSync(join(root, 'usr/lib/modules/6.12.1/modules.builtin'), 'kernel/drivers/nvme/host/nvme.ko\n');
  writeFileSync(join(root, 'usr/sbin/sfdisk'), '');
  const problems = findProblems(root);
  for (const text of ['the program e2fsck is missing', 'the driver uas is missing']) {
    assert.ok(problems.includes(text), text);
  }
  for (const name of ['driver ahci', 'driver nvme', 'program sfdisk']) {
    assert.ok(!problems.some((problem) => problem.endsWith(`the ${name} is missing`)), name);
  }
});

void test('what would probe or assemble disks by itself must not be there', (t) => {
  const root = emptyRoot(t);
  mkdirSync(join(root, 'usr/lib/udev/rules.d'));
  writeFileSync(join(root, 'usr/sbin/multipathd'), '');
  const forbidden = findProblems(root).filter((problem) => problem.endsWith(' must not be there'));
  assert.deepEqual(forbidden.sort(), [
    'usr/lib/udev/rules.d must not be there',
    'usr/sbin/multipathd must not be there',
  ]);
});
