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
import { spawn, type ChildProcess } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addCounts, describeCounts, noCounts, type Counts } from './test-counts.ts';
import { asRoot, keepSudoAlive, rootObstacle } from './test-root.ts';
import { cleanScratch } from './test-scratch.ts';

const tiers = ['fast', 'all', 'long', 'vm'] as const;
type Tier = (typeof tiers)[number];
const limitSeconds: Record<Tier, number> = { fast: 120, all: 600, long: 4 * 3600, vm: 600 };

interface Suite {
  readonly name: string;
  readonly run: () => Promise<Counts>;
}

const passed: Counts = { ...noCounts, passed: 1 };
const failed: Counts = { ...noCounts, failed: 1 };

/** How much more `make test-long` does, unless the environment says otherwise. */
const longFactors = {
  PERMAFROST_FUZZ_FACTOR: '20',
  PERMAFROST_KILLS: '100',
  PERMAFROST_FLIPS: '300',
  PERMAFROST_CUTS: '100',
} as const;

const running = new Set<ChildProcess>();
let interrupted = false;

/** After Ctrl-C or a TERM what runs is ended, nothing new is started, and what was left is cleaned up. */
function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true;
      for (const child of running) child.kill(signal);
    });
  }
}

/** Runs a command to its end and resolves to whether it exited with 0; `show` gets its output as it comes. */
function execute(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  show: (text: string) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', show);
    child.once('error', (error) => {
      show(`${command.join(' ')}: ${error.message}\n`);
      resolve(false);
    });
    child.once('close', (code) => {
      running.delete(child);
      resolve(code === 0);
    });
  });
}

const print = (text: string): void => void process.stdout.write(text);

/** One command that passes or fails as a whole. */
interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const check = (name: string, ...command: readonly string[]): Check => ({ name, command });

/** Several checks as one suite, two at once: most of them leave half of the machine idle. */
function checks(list: readonly Check[], name = 'checks', jobs = 2): Suite {
  const run = async (): Promise<Counts> => {
    const queue = [...list];
    let sum = noCounts;
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !interrupted; next = queue.shift()) {
        const started = performance.now();
        let output = '';
        const good = await execute(next.command, process.env, (text) => (output += text));
        sum = addCounts(sum, good ? passed : failed);
        print(`${output}${good ? '✔' : '✖'} ${next.name} (${seconds(started)} s)\n`);
      }
    };
    await Promise.all(Array.from({ length: jobs }, worker));
    return sum;
  };
  return { name, run };
}

/** What is built of Debian's packages, one after the other: they unpack the same ones to the same place. */
const images = (list: readonly Check[]): Suite => checks(list, 'images', 1);

const seconds = (started: number): string => ((performance.now() - started) / 1000).toFixed(0);

/** Suites of which one leaves a part of the machine idle that the other can use. */
function together(...list: readonly Suite[]): Suite {
  const run = async (): Promise<Counts> => {
    const counts = await Promise.all(list.map(({ run }) => run()));
    return counts.reduce(addCounts);
  };
  return { name: list.map(({ name }) => name).join(' and '), run };
}

interface FileOptions {
  readonly tier: Tier;
  readonly scratch: string;
  readonly root?: boolean;
  /** How many files run at once. */
  readonly jobs?: number;
  /** How much longer everything takes than alone on the machine. */
  readonly slowness?: number;
  /** The image that virtual machines start, if not the one of `make iso`, and the certificate that it is signed with. */
  readonly signed?: { readonly iso: string; readonly ownerKey: string };
}

function testFiles(name: string, files: readonly string[], options: FileOptions): Suite {
  const { tier, scratch, root = false, jobs = 2, slowness = 1, signed } = options;
  const run = async (): Promise<Counts> => {
    if (files.length === 0) {
      console.log(`no test file matches`);
      return failed;
    }
    const factor = Number(process.env['PERMAFROST_TIMEOUT_FACTOR'] ?? 1) * slowness;
    const countsPath = join(scratch, `${name.replaceAll(' ', '-')}.json`);
    const limit = limitSeconds[tier] * factor;
    const command = [
      process.execPath,
      'scripts/test-files.ts',
      '--jobs',
      String(jobs),
      '--limit',
      String(limit),
      '--counts',
      countsPath,
    ];
    const testScratch = join(scratch, 'files');
    await mkdir(testScratch, { recursive: true });
    const env: NodeJS.ProcessEnv = {
      ...(tier === 'long' ? longFactors : {}),
      ...process.env,
      PERMAFROST_TIMEOUT_FACTOR: String(factor),
      PERMAFROST_SCRATCH: testScratch,
      ...(root ? { PERMAFROST_PROGRAM: programFor(scratch) } : {}),
      ...(signed === undefined ? {} : { PERMAFROST_ISO: signed.iso, PERMAFROST_OWNER_KEY: signed.ownerKey }),
      // The program is started from its sources thousands of times; compiled once, each start takes a fifth.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(scratch, 'compiled'),
    };
    const whole = [...command, ...files];
    const done = await execute(root ? asRoot(whole, env) : whole, env, print);
    const counts = await readFile(countsPath, 'utf8').then(
      (text) => JSON.parse(text) as Counts,
      () => failed,
    );
    const left = await cleanScratch(testScratch);
    if (left.length > 0) console.log(`\n✖ these tests left behind:\n  ${left.join('\n  ')}`);
    const strayed = left.length > 0 || (!done && counts.failed === 0);
    return strayed ? addCounts(counts, failed) : counts;
  };
  return { name, run };
}

/** The executable as tests start it. A copy: `dist/permafrost` is what a person may build anew meanwhile. */
const programFor = (scratch: string): string => join(scratch, 'permafrost');

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

/** Guests have one processor each. What a limit is for is a machine that hangs, not a host that is slow. */
const MACHINES = { jobs: 2, slowness: 3 } as const;

/** What cannot be done here is said, and counted as skipped. */
const notRun = (name: string, why: string): Suite => ({
  name,
  run: () => {
    console.log(`○ not run: ${why}`);
    return Promise.resolve({ ...noCounts, skipped: 1 });
  },
});

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
    testFiles('vm tests of the Buildroot base', files, { tier, scratch, signed, ...MACHINES }),
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
  const machines = { tier, scratch, ...MACHINES };
  return [
    ...all,
    testFiles('long tests', long, { tier, scratch, root: true }),
    testFiles(
      'long vm tests',
      longVm.filter((path) => !needsRoot(path)),
      machines,
    ),
    testFiles('long vm tests with servers', longVm.filter(needsRoot), { ...machines, root: true }),
    ...buildrootSuites(tier, scratch, vm),
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
      if (interrupted) break;
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
  if (interrupted) sum = addCounts(sum, failed);
  console.log(`\n${rows.join('\n')}${interrupted ? '\n✖ interrupted' : ''}\n\n${describeCounts(sum)}`);
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

const tier = tiers.find((name) => name === process.argv[2]);
if (process.argv.length !== 3 || tier === undefined) {
  console.error(`usage: node scripts/test.ts ${tiers.join('|')}`);
  process.exitCode = 2;
} else process.exitCode = await main(tier);
