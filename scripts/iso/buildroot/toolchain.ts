/**
 * A Buildroot external toolchain out of Debian's compiler: wrappers in `bin`, the compiler in a root of its own
 * (`root`), and what the target's programs are compiled against and run with (`sysroot`), with Debian's folder per
 * architecture folded into `usr/lib` and `usr/include`. Its paths are fixed: it is used in the build system alone.
 */
import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { run } from '../command.ts';
import { cachedPath } from '../fetch.ts';
import type { Folders } from '../folders.ts';
import type { BuildrootLock } from './lock-file.ts';
import { compilerPackages, sysrootPackages } from './packages.ts';

const triplet = 'x86_64-linux-gnu';
/** Other than Debian's, so that nobody takes one for the other. */
const prefix = 'x86_64-permafrost-linux-gnu';
const version = '14';
/** Where it is in the build system. */
const home = '/opt/toolchain';

function unpack(folders: Folders, lock: BuildrootLock, names: readonly string[], into: string): void {
  for (const name of names) {
    const entry = lock.packages.find((candidate) => candidate.name === name);
    if (entry === undefined) throw new Error(`the lock file has no ${name}, which the toolchain is made of`);
    run('dpkg-deb', ['-x', cachedPath(folders, entry), into]);
  }
}

/** Links into the folded folder point beside themselves again. */
function relink(sysroot: string): void {
  for (const path of globSync('**/*', { cwd: sysroot })) {
    const link = join(sysroot, path);
    if (!lstatSync(link).isSymbolicLink()) continue;
    const target = readlinkSync(link);
    if (!target.includes(`/${triplet}/`) && !/^\/(usr\/)?lib\//.test(target)) continue;
    const inside = join(sysroot, 'usr/lib', posix.basename(target));
    rmSync(link);
    symlinkSync(relative(dirname(link), inside), link);
  }
}

/** Linker scripts name libraries by path; those of archives of objects are left alone. */
function mendScripts(sysroot: string): void {
  for (const path of globSync('usr/lib/*.{so,a}', { cwd: sysroot })) {
    const file = join(sysroot, path);
    if (!lstatSync(file).isFile()) continue;
    const bytes = readFileSync(file);
    if (bytes.subarray(0, 4).toString('latin1') === '\x7fELF' || bytes.includes(0)) continue;
    const text = bytes.toString('latin1');
    if (text.includes(`/${triplet}/`)) {
      writeFileSync(file, text.replaceAll(`/lib/${triplet}/`, '/lib/'), 'latin1');
    }
  }
}

function makeSysroot(folders: Folders, lock: BuildrootLock, sysroot: string): void {
  const unpacked = mkdtempSync(join(folders.work, 'sysroot-'));
  try {
    unpack(folders, lock, sysrootPackages, unpacked);
    const copy = (from: string, to: string): void => {
      cpSync(join(unpacked, from), join(sysroot, to), { recursive: true, verbatimSymlinks: true });
    };
    for (const name of ['lib', 'include', 'bin', 'sbin'])
      mkdirSync(join(sysroot, 'usr', name), { recursive: true });
    copy(`usr/lib/${triplet}`, 'usr/lib');
    copy('usr/include', 'usr/include');
    // The kernel's own are links to where those of all architectures are.
    const own = join(unpacked, 'usr/include', triplet);
    run('cp', ['-rL', `${own}/.`, join(sysroot, 'usr/include')]);
    for (const name of globSync('usr/include/*-linux-gnu*', { cwd: sysroot })) {
      rmSync(join(sysroot, name), { recursive: true });
    }
    copy('usr/bin/ldd', 'usr/bin/ldd');
    copy('usr/sbin/ldconfig', 'usr/sbin/ldconfig');
    for (const name of ['lib', 'lib64']) symlinkSync('usr/lib', join(sysroot, name));
    symlinkSync('lib', join(sysroot, 'usr/lib64'));
    for (const name of ['gcc', 'audit', 'linux']) {
      rmSync(join(sysroot, 'usr/lib', name), { recursive: true, force: true });
    }
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
  relink(sysroot);
  mendScripts(sysroot);
}

function makeCompiler(folders: Folders, lock: BuildrootLock, root: string): void {
  mkdirSync(root, { recursive: true });
  unpack(folders, lock, compilerPackages, root);
  rmSync(join(root, 'usr/share'), { recursive: true, force: true });
  // gcc finds its assembler and linker here, and never through PATH.
  const own = join(root, 'usr', triplet, 'bin');
  mkdirSync(own, { recursive: true });
  for (const tool of ['as', 'ld', 'ld.bfd', 'ar', 'nm', 'ranlib', 'objcopy', 'objdump', 'strip']) {
    symlinkSync(`../../bin/${triplet}-${tool}`, join(own, tool));
  }
}

function makeWrappers(bin: string): void {
  mkdirSync(bin, { recursive: true });
  for (const compiler of ['gcc', 'g++', 'cpp']) {
    const program = `${home}/root/usr/bin/${triplet}-${compiler}-${version}`;
    const lines = [
      '#!/bin/sh',
      `for word; do case $word in --sysroot*) exec ${program} "$@" ;; esac; done`,
      `exec ${program} --sysroot=${home}/sysroot "$@"`,
    ];
    writeFileSync(join(bin, `${prefix}-${compiler}`), `${lines.join('\n')}\n`);
    chmodSync(join(bin, `${prefix}-${compiler}`), 0o755);
  }
  const link = (name: string, target: string): void => symlinkSync(target, join(bin, `${prefix}-${name}`));
  link('cc', `${prefix}-gcc`);
  link('c++', `${prefix}-g++`);
  for (const name of ['gcc-ar', 'gcc-nm', 'gcc-ranlib']) {
    link(name, `../root/usr/bin/${triplet}-${name}-${version}`);
  }
  const binutils = ['ar', 'as', 'ld', 'ld.bfd', 'nm', 'objcopy', 'objdump', 'ranlib', 'readelf', 'size'];
  for (const name of [...binutils, 'strings', 'strip', 'addr2line', 'c++filt', 'elfedit', 'gprof']) {
    link(name, `../root/usr/bin/${triplet}-${name}`);
  }
}

/** Makes the toolchain in `folder`, anew. */
export function makeToolchain(folders: Folders, folder: string, lock: BuildrootLock): void {
  rmSync(folder, { recursive: true, force: true });
  makeSysroot(folders, lock, join(folder, 'sysroot'));
  makeCompiler(folders, lock, join(folder, 'root'));
  makeWrappers(join(folder, 'bin'));
}
