import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fakeSystem } from '../../../test/device/fake-system.ts';
import { describeLimit, readDiskLimits } from './disk-limits.ts';
import type { Disk } from './disks.ts';
import { runProgram, type ProgramRun } from './run-program.ts';

const GiB = 2 ** 30;
/** As hdparm 9.65 and smartctl 7.4 print it of a disk of 1 TB. */
const SECTORS = 1953525168;
const sata: Disk = {
  path: '/dev/sda',
  deviceNumber: '8:0',
  sizeBytes: SECTORS * 512,
  sectorSize: 512,
  physicalSectorSize: 4096,
  bus: 'sata',
  isVirtual: false,
  removable: false,
  readOnly: false,
  isProtected: false,
  partitions: [],
};
const maxSectors = (visible: number, native: number, state: string): string =>
  `\n/dev/sda:\n max sectors   = ${visible}/${native}, ${state}\n`;
const overlay = (sectors: number): string =>
  `\n/dev/sda:\nDCO Checksum verified.\nDCO Revision: 0x0002\nThe following features can be selectively disabled via DCO:\n\tTransfer modes:\n\t\t mdma0 mdma1 mdma2\n\t\t udma0 udma1 udma2 udma3 udma4 udma5 udma6(?)\n\tReal max sectors: ${sectors}\n\tATA command/feature sets:\n\t\t SMART self_test error_log security PUIS HPA 48_bit\n`;
const health = (status: object): string =>
  JSON.stringify({ json_format_version: [1, 0], smartctl: { exit_status: 8 }, smart_status: status });

/** Programs that answer with `said`, by their name and first argument; the rest are not installed. */
function programs(said: Readonly<Record<string, string>>, asked: ProgramRun[] = []) {
  return (run: ProgramRun) => {
    asked.push(run);
    const stdout = said[`${run.program} ${run.args[0]!}`];
    return Promise.resolve(
      stdout === undefined
        ? { code: -1, stdout: '', problem: `the program ${run.program} is not installed` }
        : { code: 8, stdout, problem: '' },
    );
  };
}

const limits = (disk: Disk, said: Readonly<Record<string, string>>) =>
  readDiskLimits(disk, { run: programs(said) });

test('names a host protected area, and what an overlay hides beyond it', async () => {
  const visible = { ...sata, sizeBytes: (SECTORS - 4096) * 512 };
  const said = {
    'hdparm -N': maxSectors(SECTORS - 4096, SECTORS, 'HPA is enabled'),
    'hdparm --dco-identify': overlay(SECTORS + 2048),
  };
  assert.deepEqual(await limits(visible, said), [
    { kind: 'hpa', hiddenBytes: 4096 * 512, wholeBytes: SECTORS * 512 },
    { kind: 'dco', hiddenBytes: 2048 * 512, wholeBytes: (SECTORS + 2048) * 512 },
  ]);
  const newer = { 'hdparm -N': maxSectors(SECTORS - 4096, SECTORS, 'ACCESSIBLE MAX ADDRESS enabled') };
  assert.deepEqual(await limits(visible, newer), [
    { kind: 'hpa', hiddenBytes: 4096 * 512, wholeBytes: SECTORS * 512 },
  ]);
});

test('says nothing of a disk that hides nothing and is well', async () => {
  for (const state of ['HPA is disabled', 'ACCESSIBLE MAX ADDRESS disabled'])
    assert.deepEqual(
      await limits(sata, {
        'hdparm -N': maxSectors(SECTORS, SECTORS, state),
        'hdparm --dco-identify': overlay(SECTORS),
        'smartctl --nocheck=standby,0': health({ passed: true }),
      }),
      [],
    );
});

test('believes nobody who contradicts the kernel or prints nonsense', async () => {
  for (const said of [
    maxSectors(14715056, 18446744073, 'HPA setting seems invalid (buggy kernel device driver?)'),
    // Another size than the kernel has: a bridge that answers for another disk.
    maxSectors(SECTORS - 8, SECTORS, 'HPA is enabled'),
    maxSectors(SECTORS, SECTORS - 8, 'HPA is enabled'),
    ` max sectors   = ${SECTORS}/${'9'.repeat(5000)}, HPA is enabled`,
    'SG_IO: bad/missing sense data, sb[]:  70 00 05 00 00 00 00 0a',
    'x'.repeat(65536),
    '',
  ])
    assert.deepEqual(await limits(sata, { 'hdparm -N': said }), [], said.slice(0, 80));
  const native = { 'hdparm -N': maxSectors(SECTORS, SECTORS, 'HPA is disabled') };
  for (const said of [
    `Real max sectors: ${SECTORS + 8}`,
    'DCO Checksum FAILED!\nReal max sectors: 99999999999',
    'DCO Checksum verified.\nReal max sectors: 1',
    `DCO Checksum verified.\nReal max sectors: ${'9'.repeat(400)}`,
  ])
    assert.deepEqual(await limits(sata, { ...native, 'hdparm --dco-identify': said }), [], said.slice(0, 80));
});

test('says that a disk is failing only where it says so itself', async () => {
  const failing = async (said: string): Promise<boolean> =>
    (await limits(sata, { 'smartctl --nocheck=standby,0': said })).some(({ kind }) => kind === 'failing');
  assert.equal(await failing(health({ passed: false })), true);
  assert.equal(await failing(health({ passed: false, nvme: { value: 4 } })), true);
  assert.equal(await failing(health({ passed: false, nvme: { value: 2 } })), false, 'only too hot');
  for (const said of [
    health({ passed: true }),
    health({}),
    health({ passed: 'false' }),
    '{"smart_status": null}',
    '{"smart_status": {"passed": fal',
    '[]',
    'null',
    '"passed: false"',
    '['.repeat(60000),
    'Smartctl open device: /dev/sda failed: No such device',
  ])
    assert.equal(await failing(said), false, said.slice(0, 80));
});

test('asks no bridge for ATA commands, and no disk that is made of files', async () => {
  const asked: ProgramRun[] = [];
  await readDiskLimits({ ...sata, bus: 'usb' }, { run: programs({}, asked) });
  assert.deepEqual(
    asked.map(({ program }) => program),
    ['smartctl'],
  );
  await readDiskLimits({ ...sata, bus: 'loop', isVirtual: true }, { run: programs({}, asked) });
  assert.equal(asked.length, 1);
});

test('names a switch, but not the protection of the rescue environment', async () => {
  assert.deepEqual(await limits({ ...sata, readOnly: true }, {}), [{ kind: 'read-only' }]);
  assert.deepEqual(await limits({ ...sata, isProtected: true }, {}), []);
});

async function nvme(t: TestContext, said: object, sizes: readonly number[]): Promise<unknown[]> {
  const disks = Object.fromEntries(
    sizes.map((size, i) => [`nvme0n${i + 1}`, { number: `259:${i}`, files: { size: String(size / 512) } }]),
  );
  // One of another controller does not count.
  const system = await fakeSystem(t, {
    disks: { ...disks, nvme01n1: { number: '259:99', files: { size: String(4e9) } } },
  });
  const disk: Disk = { ...sata, path: '/dev/nvme0n1', bus: 'nvme', sizeBytes: sizes[0]! };
  return readDiskLimits(disk, { system, run: programs({ 'nvme id-ctrl': JSON.stringify(said) }) });
}

test('names a namespace that is smaller than the disk', async (t) => {
  const whole = 512 * GiB;
  const hides = (hiddenBytes: number): object[] => [{ kind: 'namespace', hiddenBytes, wholeBytes: whole }];
  assert.deepEqual(await nvme(t, { tnvmcap: whole, unvmcap: 112 * GiB }, [400 * GiB]), hides(112 * GiB));
  assert.deepEqual(await nvme(t, { tnvmcap: String(whole), unvmcap: '0' }, [400 * GiB]), hides(112 * GiB));
  assert.deepEqual(await nvme(t, { tnvmcap: whole, unvmcap: 2 * GiB }, [510 * GiB]), hides(2 * GiB));
  for (const [said, sizes] of [
    [{ tnvmcap: whole, unvmcap: 0 }, [whole]],
    [{ tnvmcap: whole, unvmcap: 0 }, [200 * GiB, 312 * GiB]],
    // What it keeps for itself.
    [{ tnvmcap: whole, unvmcap: 0 }, [whole - 4 * GiB]],
    [{ tnvmcap: 0, unvmcap: 0 }, [100 * GiB]],
    [{ tnvmcap: -1 }, [100 * GiB]],
    [{ tnvmcap: 1e40 }, [100 * GiB]],
    [{ tnvmcap: whole, unvmcap: 2 * whole }, [100 * GiB]],
    [{}, [100 * GiB]],
  ] as const)
    assert.deepEqual(await nvme(t, said, sizes), [], JSON.stringify(said));
});

test('does not wait for a tool that hangs, nor keeps what a cancelled look found', async () => {
  const hanging = (run: ProgramRun, signal?: AbortSignal) =>
    runProgram({ program: 'sleep', args: ['600'], limitMs: Math.min(run.limitMs, 300) }, signal);
  const start = performance.now();
  assert.deepEqual(await readDiskLimits(sata, { run: hanging }), []);
  // The tool would take ten minutes.
  assert.ok(performance.now() - start < 60_000);
  const signal = AbortSignal.abort();
  await assert.rejects(readDiskLimits(sata, { run: hanging, signal }), { code: 'job/cancelled' });
});

test('says what to do about each', () => {
  for (const limit of [
    { kind: 'hpa', hiddenBytes: 1, wholeBytes: 2 },
    { kind: 'dco', hiddenBytes: 1, wholeBytes: 2 },
    { kind: 'namespace', hiddenBytes: 1, wholeBytes: 2 },
    { kind: 'read-only' },
    { kind: 'failing' },
  ] as const)
    assert.match(describeLimit(limit), /^[A-Z].*\.$/);
});
