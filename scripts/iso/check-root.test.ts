import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { brokenLayouts, findProblems } from './check-root.ts';
import { parseLayouts } from './keyboard-layouts.ts';

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

void test("a keyboard layout that the system's own loadkeys cannot read is found", (t) => {
  const root = emptyRoot(t);
  assert.deepEqual(brokenLayouts(root), ['etc/permafrost/keymaps is missing']);
  mkdirSync(join(root, 'etc/permafrost'));
  writeFileSync(
    join(root, 'etc/permafrost/keymaps'),
    '# a comment\nok qwerty/good Good\nbad qwerty/bad Bad (BAD)\n',
  );
  // The loader and a loadkeys that knows one file of the two.
  const loader = join(root, 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  writeFileSync(
    loader,
    '#!/bin/sh\nfor file; do :; done\ncase $file in */good.kmap) ;; *) echo "no $file" >&2; exit 1 ;; esac\n',
    { mode: 0o755 },
  );
  writeFileSync(join(root, 'usr/bin/loadkeys'), '');
  const path = join(root, 'usr/share/keymaps/i386/qwerty/bad.kmap');
  assert.deepEqual(brokenLayouts(root), [`the keyboard layout bad cannot be loaded: no ${path}`]);
});

void test("the image's own layouts are at least 15, and what is no layout is refused", () => {
  const list = join(import.meta.dirname, '../../buildroot-overlay/rootfs-overlay/etc/permafrost/keymaps');
  const layouts = parseLayouts(readFileSync(list, 'utf8'));
  assert.ok(layouts.length >= 15);
  assert.equal(new Set(layouts.map(({ name }) => name)).size, layouts.length);
  assert.throws(() => parseLayouts('xx qwerty/x Name"; reboot\n'), /is no layout/);
  assert.throws(() => parseLayouts('xx ../x Name\n'), /is no layout/);
});
