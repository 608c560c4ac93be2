/**
 * Runs a tier of the tests: `node scripts/test.ts fast|all|long|vm`. The last line says how many passed and failed.
 *   fast  lint, format, types, layers, the native addon, and the unit tests beside the sources
 *   all   fast, the executable, and rescue/test and *.root.test.ts: real file systems, loop devices, FUSE;
 *         these run as root, and beside them the bootable image is built; then test-vm: virtual machines, two at
 *         once, and beside them the bootable image once more
 *   long  all, and *.long.test.ts; fuzz tests run 20 times as long; the image that is built from source and the virtual
 *         machines with it, where BUILDROOT_DIR names a checkout
 *   vm    only the image of the base PERMAFROST_BASE (debian, buildroot) and test-vm
 * Tests that run as root start the executable that was built for them; run alone, they start the sources.
 * Knobs: PERMAFROST_TIMEOUT_FACTOR (slow machines), PERMAFROST_FUZZ_FACTOR, PERMAFROST_KILLS, PERMAFROST_FLIPS,
 * PERMAFROST_CUTS, PERMAFROST_SCRATCH (a folder with 10 GB free; /var/tmp if not set, because /tmp may be memory).
 */
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addCounts, describeCounts, noCounts } from './test-counts.ts';
import { keepSudoAlive, rootObstacle } from './test-root.ts';
import { cleanScratch } from './test-scratch.ts';
import {
  check,
  checks,
  failed,
  notRun,
  programFor,
  seconds,
  stopOnSignals,
  testFiles,
  tiers,
  together,
  wasInterrupted,
  type Check,
  type FileOptions,
  type Suite,
  type Tier,
} from './test-suites.ts';

const needsRoot = (path: string): boolean => path.includes('.root.test.');

/** Which test files belong to which suite: their names and places say it. */
function findTests(): Readonly<Record<'unit' | 'system' | 'vm' | 'long' | 'longVm', string[]>> {
  const find = (...folders: string[]): string[] =>
    globSync(
      folders.map((folder) => `${folder}/**/*.test.{ts,tsx}`),
      { exclude: (path) => path.includes('node_modules') },
    ).sort();
  const beside = find('rescue/src', 'rescue/blockdev-native', 'scripts', 'test-vm/src');
  const apart = find('rescue/test');
  const machines = find('test-vm/scenarios');
  const isLong = (path: string): boolean => /\.long\.(root\.)?test\./.test(path);
  return {
    unit: beside.filter((path) => !isLong(path) && !needsRoot(path)),
    system: [...beside.filter(needsRoot), ...apart].filter((path) => !isLong(path)),
    vm: machines.filter((path) => !isLong(path)),
    long: [...beside, ...apart].filter(isLong),
    longVm: machines.filter(isLong),
  };
}

/** What is built of Debian's packages, one after the other: they unpack the same ones to the same place. */
const images = (list: readonly Check[]): Suite => checks(list, 'images', 1);

/** Guests have one processor each. What a limit is for is a machine that hangs, not a host that is slow. */
const MACHINES = { jobs: 2, slowness: 3 } as const;

/** Virtual machines; those with servers beside them run as root. */
function machineSuites(name: string, files: readonly string[], options: FileOptions): Suite[] {
  const withServers = files.filter(needsRoot);
  const others = files.filter((path) => !needsRoot(path));
  return [
    testFiles(name, others, options),
    ...(withServers.length === 0
      ? []
      : [testFiles(`${name} with servers`, withServers, { ...options, root: true })]),
  ];
}

/** The image of the Buildroot base, and the virtual machines with it; `files` are their tests. */
function buildrootSuites(tier: Tier, scratch: string, files: readonly string[]): Suite[] {
  if ((process.env['BUILDROOT_DIR'] ?? '') === '') {
    const why = 'the image from source and the virtual machines with it; BUILDROOT_DIR=DIR names a checkout';
    return [notRun('Buildroot base', why)];
  }
  const style =
    'git ls-files buildroot-overlay | xargs -d "\\n" /usr/bin/python3 "$BUILDROOT_DIR/utils/check-package" -b';
  // A machine that enforces Secure Boot starts it when its owner has signed it; the others do not mind.
  const sign =
    "openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=Permafrost test' -days 30 -keyout owner.key -out owner.pem" +
    ' && openssl x509 -in owner.pem -outform der -out owner.der' +
    ' && node "$OLDPWD/scripts/iso/sign.ts" --base buildroot --key owner.key --cert owner.pem --output "$PWD/signed.iso"';
  const folder = join(scratch, 'signed');
  const signed = { iso: join(folder, 'signed.iso'), ownerKey: join(folder, 'owner.der') };
  const steps = [
    check("Buildroot's own check of the tree", 'sh', '-c', style),
    check('bootable image from source', process.execPath, 'scripts/iso/build.ts', '--base', 'buildroot'),
    check('the same, signed', 'sh', '-c', `mkdir -p "$1" && cd "$1" && ${sign}`, 'sh', folder),
  ];
  return [
    checks(steps, 'Buildroot base', 1),
    ...machineSuites('vm tests of the Buildroot base', files, { tier, scratch, signed, ...MACHINES }),
  ];
}

function suites(tier: Tier, scratch: string): Suite[] {
  const { unit, system, vm, long, longVm } = findTests();
  const image = check('bootable image', process.execPath, 'scripts/iso/build.ts');
  const smallLinux = check(
    'small Linux for restored disks',
    process.execPath,
    'scripts/small-linux/build.ts',
  );
  const machinesTests = testFiles('vm tests', vm, { tier: 'all', scratch, ...MACHINES });
  if (tier === 'vm') {
    return process.env['PERMAFROST_BASE'] === 'buildroot'
      ? [images([smallLinux]), ...buildrootSuites(tier, scratch, vm)]
      : [images([image, smallLinux]), machinesTests];
  }
  const fast = [
    checks([check('native addon', 'scripts/build-addon')]),
    together(
      checks([
        check('lint', 'eslint', '.'),
        check('types', 'tsc', '--project', '.'),
        check('format', 'prettier', '--check', '--log-level=warn', '**/*.{ts,tsx,js,json}'),
        check('shell scripts', 'scripts/check-shell'),
        check('layers', process.execPath, 'scripts/check-layers.ts'),
      ]),
      testFiles('unit tests', unit, { tier: 'fast', scratch, slowness: 2 }),
    ),
  ];
  if (tier === 'fast') return fast;
  const all = [
    ...fast,
    checks([
      check('executable', 'sh', '-c', 'scripts/build && cp dist/permafrost "$1"', 'sh', programFor(scratch)),
    ]),
    // Packages come over the network, and the second image is built on one processor.
    together(
      testFiles('system tests', system, { tier: 'all', scratch, root: true, slowness: 2 }),
      images([image, smallLinux]),
    ),
    together(
      machinesTests,
      images([check('bootable image, again elsewhere', process.execPath, 'scripts/iso/reproducible.ts')]),
    ),
  ];
  if (tier === 'all') return all;
  return [
    ...all,
    testFiles('long tests', long, { tier, scratch, root: true }),
    ...machineSuites('long vm tests', longVm, { tier, scratch, ...MACHINES }),
    ...buildrootSuites(tier, scratch, [...vm, ...longVm]),
  ];
}

async function main(tier: Tier): Promise<number> {
  if (tier !== 'fast') {
    const obstacle = await rootObstacle();
    if (obstacle !== undefined) {
      console.error(obstacle);
      console.log(describeCounts(failed));
      return 1;
    }
    keepSudoAlive();
    await mkdir('rescue/test/build', { recursive: true }); // Ours, so that `make clean` can empty it after root's tests.
  }
  stopOnSignals();
  const parent = process.env['PERMAFROST_SCRATCH'] ?? '/var/tmp';
  const scratch = await mkdtemp(join(parent, 'permafrost-tests-'));
  const rows: string[] = [];
  let sum = noCounts;
  try {
    for (const suite of suites(tier, scratch)) {
      if (wasInterrupted()) break;
      console.log(`\n== ${suite.name} ==`);
      const started = performance.now();
      const counts = await suite.run();
      sum = addCounts(sum, counts);
      rows.push(
        `${counts.failed === 0 ? '✔' : '✖'} ${suite.name.padEnd(24)} ${describeCounts(counts)} (${seconds(started)} s)`,
      );
    }
  } finally {
    await cleanScratch(scratch);
    await rm(scratch, { recursive: true, force: true });
  }
  if (wasInterrupted()) sum = addCounts(sum, failed);
  console.log(`\n${rows.join('\n')}${wasInterrupted() ? '\n✖ interrupted' : ''}\n\n${describeCounts(sum)}`);
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

const tier = tiers.find((name) => name === process.argv[2]);
if (process.argv.length !== 3 || tier === undefined) {
  console.error(`usage: node scripts/test.ts ${tiers.join('|')}`);
  process.exitCode = 2;
} else process.exitCode = await main(tier);
