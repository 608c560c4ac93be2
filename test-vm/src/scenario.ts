/** One scenario of a virtual machine as one test: scratch files, machines, and what must hold at the end of each. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { keepEvidence } from './evidence.ts';
import { kernelTrouble, stalls } from './kernel-messages.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { findIso } from './places.ts';
import { startFromSnapshot, type SnapshotOptions } from './snapshots.ts';
import { limitMs, timeoutFactor } from './watch.ts';

export interface ScenarioOptions {
  /** Of the whole scenario, before the factor. Default 240. */
  readonly seconds?: number;
  /** Messages of the kernel that would fail the scenario if they were not expected here. */
  readonly expected?: readonly RegExp[];
}

/** The host's side of a scenario. */
export class Bench {
  readonly folder: string;
  readonly iso: string;
  readonly machines: Machine[] = [];
  readonly folders: string[] = [];
  readonly #t: TestContext;

  constructor(t: TestContext, folder: string, iso: string) {
    this.#t = t;
    this.folder = folder;
    this.iso = iso;
  }

  /** A line in the test's report. */
  note(text: string): void {
    this.#t.diagnostic(text);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Switches a machine on; what it keeps (UEFI's variables, the stick) is in a folder that a name stands for. */
  async start(
    options: Partial<MachineOptions> = {},
    name = `machine-${this.machines.length + 1}`,
  ): Promise<Machine> {
    const folder = this.path(name);
    await mkdir(folder, { recursive: true });
    return this.#own(await Machine.start({ iso: this.iso, folder, ...options }), folder);
  }

  /** A machine that is ready already. */
  async startReady(options: Omit<SnapshotOptions, 'iso'> = {}): Promise<Machine> {
    const folder = this.path(`machine-${this.machines.length + 1}`);
    await mkdir(folder, { recursive: true });
    return this.#own(await startFromSnapshot({ ...options, iso: this.iso, folder }), folder);
  }

  #own(machine: Machine, folder: string): Machine {
    this.machines.push(machine);
    this.folders.push(folder);
    return machine;
  }
}

/** Registers a scenario with node:test. */
export function scenario(name: string, options: ScenarioOptions, run: (bench: Bench) => Promise<void>): void {
  const { seconds = 240, expected = [] } = options;
  test(name, { timeout: limitMs(seconds) }, async (t) => {
    const parent = process.env['PERMAFROST_SCRATCH'] ?? '/var/tmp';
    const folder = await mkdtemp(join(parent, 'vm-'));
    const bench = new Bench(t, folder, await findIso());
    const started = performance.now();
    try {
      const overdue = new Promise<never>((_, reject) => {
        t.signal.addEventListener('abort', () =>
          reject(new Error(`not within ${limitMs(seconds) / 1000} s`)),
        );
      });
      await Promise.race([run(bench), overdue]);
      for (const machine of bench.machines) await checkKernel(machine, expected);
    } catch (error) {
      const kept = await keepEvidence(name, bench.machines, bench.folders, error);
      t.diagnostic(`what is left of it: ${kept}`);
      throw error;
    } finally {
      for (const machine of bench.machines) await machine.powerCut();
      await rm(folder, { recursive: true, force: true });
      t.diagnostic(`${((performance.now() - started) / 1000).toFixed(0)} s`);
    }
  });
}

async function checkKernel(machine: Machine, expected: readonly RegExp[]): Promise<void> {
  // The serial port shows errors only; the rest is in the kernel's own log, if the guest still runs.
  const log = machine.isOn ? await machine.agent.run('dmesg', 10).catch(() => '') : '';
  const allowed = timeoutFactor > 1 ? [...expected, ...stalls] : expected;
  const found = kernelTrouble(`${machine.serial.plainLog}\n${log}`, allowed);
  assert.deepEqual(found, [], 'the kernel says that something is wrong');
}
