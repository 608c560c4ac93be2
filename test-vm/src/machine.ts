/** A virtual machine as a person sees it: plug in, switch on, look at the screen, press keys, pull the plug. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accelerator } from './accelerator.ts';
import { Agent } from './agent.ts';
import { diskParts, type Disk } from './disks.ts';
import { firmwareArguments, type Firmware } from './firmware.ts';
import { JobPort } from './job-port.ts';
import { keysFor } from './keyboard.ts';
import {
  commandForPeople,
  hardwareArguments,
  socketArguments,
  type Hardware,
  type Medium,
} from './qemu-arguments.ts';
import { Qmp } from './qmp.ts';
import { SerialScreen } from './serial-screen.ts';
import { stickWith } from './stick.ts';
import { limitMs, Watch } from './watch.ts';

export interface MachineOptions {
  /** The image to start from; not needed where the medium is `none`. */
  readonly iso?: string;
  readonly medium?: Medium;
  readonly firmware?: Firmware;
  readonly memoryMB?: number;
  /** Default: as many as `hardwareArguments` thinks good. */
  readonly processors?: number;
  readonly disks?: readonly Disk[];
  readonly hotPlug?: boolean;
  readonly network?: Hardware['network'];
  /** More arguments for QEMU. */
  readonly more?: readonly string[];
  /** For sockets, logs, UEFI's variables and the stick; must exist. */
  readonly folder: string;
  /** Starts as it was saved by {@link Machine.save}, with the same options. */
  readonly savedState?: string;
}

/** What `permafrost: ready` says. */
export interface Ready {
  /** Seconds from QEMU's start until the line came. */
  readonly seconds: number;
  readonly fields: Readonly<Record<string, string>>;
}

export class Machine {
  readonly qmp: Qmp;
  readonly serial: SerialScreen;
  readonly agent: Agent;
  readonly job: JobPort;
  readonly hardware: Hardware;
  readonly startedAt = performance.now();
  /** Resolves when QEMU is gone, to what it was ended by: a code, or a signal. */
  readonly ended: Promise<number | string>;
  readonly #process: ChildProcess;
  readonly #sockets: string;
  readonly #life = new Watch();
  #errors = '';
  #end: number | string | undefined;
  #freeSlot: number;

  private constructor(
    hardware: Hardware,
    ports: Pick<Machine, 'qmp' | 'serial' | 'agent' | 'job'>,
    folder: string,
    sockets: string,
    incoming: readonly string[],
  ) {
    this.hardware = hardware;
    this.qmp = ports.qmp;
    this.serial = ports.serial;
    this.agent = ports.agent;
    this.job = ports.job;
    this.#sockets = sockets;
    this.#freeSlot = hardware.disks.filter(({ bus }) => bus === 'nvme' || bus === 'virtio').length;
    const socketPaths = {
      qmp: ports.qmp.path,
      serial: ports.serial.path,
      agent: ports.agent.path,
      job: ports.job.jobPath,
      events: ports.job.eventsPath,
    };
    // The kernel ends QEMU when we die, however we die.
    const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...hardwareArguments(hardware)];
    this.#process = spawn('setpriv', [...command, ...socketArguments(socketPaths), ...incoming], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(folder, 'qemu.log'), { flags: 'a' });
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log.write(text);
        if (this.#errors.length < 8192) this.#errors += text;
      });
    }
    this.ended = new Promise((resolve) => {
      const finish = (end: number | string): void => {
        this.#end = end;
        log.end();
        const why = this.#errors.trim();
        const reason = new Error(`QEMU has ended (${end})${why === '' ? '' : `: ${why}`}`);
        for (const part of [this.qmp, this.serial, this.agent, this.job]) part.end(reason);
        this.#life.end(reason);
        this.#life.changed();
        resolve(end);
      };
      this.#process.once('error', (error) => finish(error.message));
      this.#process.once('exit', (code, signal) => finish(signal ?? code ?? -1));
    });
  }

  /** Switches a machine on. It is the caller's to {@link powerCut} it in the end; it does not outlive this process. */
  static async start(options: MachineOptions): Promise<Machine> {
    const { folder, medium = 'cd', firmware = 'bios' } = options;
    const iso = options.iso ?? '';
    if (medium !== 'none' && iso === '') throw new Error('a machine with a medium needs an image');
    const hardware: Hardware = {
      accelerator: await accelerator(),
      memoryMB: options.memoryMB ?? 1024,
      processors: options.processors,
      firmware: await firmwareArguments(firmware, folder),
      medium,
      mediumPath: medium === 'usb' ? await stickWith(iso, folder) : iso,
      disks: options.disks ?? [],
      hotPlug: options.hotPlug ?? false,
      network: options.network ?? 'none',
      more: options.more ?? [],
    };
    const sockets = await mkdtemp(join(folder, 's-'));
    const ports = {
      qmp: await Qmp.listen(join(sockets, 'qmp')),
      // UEFI's own output is for a larger terminal, and goes to the same port.
      serial: await SerialScreen.listen(join(sockets, 'serial'), ...(firmware === 'bios' ? [] : [100, 31])),
      agent: await Agent.listen(join(sockets, 'agent')),
      job: await JobPort.listen(join(sockets, 'job'), join(sockets, 'events')),
    };
    const { savedState } = options;
    const incoming = savedState === undefined ? [] : ['-incoming', `exec:cat '${savedState}'`];
    const machine = new Machine(hardware, ports, folder, sockets, incoming);
    try {
      await machine.qmp.execute('qmp_capabilities');
      if (savedState !== undefined) await machine.#wake(60);
    } catch (error) {
      // A connection that broke can be heard of before the end that broke it.
      await Promise.race([machine.ended, sleep(1000)]);
      const hasEnded = !machine.isOn;
      await machine.powerCut();
      if (!hasEnded) throw error;
      // Its words without the argument that they are about, which is long.
      const words = machine.#errors.trim().replaceAll(/^qemu-system-x86_64: (-\w+ (\{.*?\}|\S+): )?/gm, '');
      throw new Error(`QEMU does not start: ${words}`, { cause: error });
    }
    return machine;
  }

  /** Lets a machine go on that was saved: what was stopped when it was saved is stopped when it is loaded. */
  async #wake(seconds: number): Promise<void> {
    const end = performance.now() + limitMs(seconds);
    for (;;) {
      const { status } = (await this.qmp.execute('query-status')) as { status: string };
      if (status !== 'inmigrate') break;
      if (performance.now() > end) throw new Error(`the saved machine is not loaded within ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.qmp.execute('cont');
  }

  /** The command that starts the same machine by hand. */
  get command(): string {
    return commandForPeople(this.hardware);
  }

  get isOn(): boolean {
    return this.#end === undefined;
  }

  /** Waits for the image's own word that its consoles are drawn. */
  async ready(seconds = 150): Promise<Ready> {
    const [, line] = await this.serial.says(/^permafrost: ready (.*)\n/m, seconds);
    this.serial.resize(80, 24);
    const pairs = line!.split(' ').map((word) => word.split('=') as [string, string]);
    return { seconds: (performance.now() - this.startedAt) / 1000, fields: Object.fromEntries(pairs) };
  }

  /** Plugs a disk in while the machine runs; not for AHCI and SD cards. */
  async plug(disk: Disk): Promise<void> {
    if (disk.bus === 'ahci' || disk.bus === 'sd')
      throw new Error(`QEMU cannot plug in a disk on ${disk.bus} while the machine runs`);
    const parts = diskParts(disk, { slot: `slot${this.#freeSlot}`, port: 0 });
    if (disk.bus === 'nvme' || disk.bus === 'virtio') this.#freeSlot++;
    for (const object of parts.objects) await this.qmp.execute('object-add', object);
    for (const blockdev of parts.blockdevs) await this.qmp.execute('blockdev-add', blockdev);
    await this.qmp.execute('device_add', parts.device);
  }

  /** Pulls a disk out, without a word to the guest where the bus allows that (USB); resolves when it is gone. */
  async unplug(name: string): Promise<void> {
    const since = this.qmp.events.length;
    await this.qmp.execute('device_del', { id: name });
    await this.qmp.event('DEVICE_DELETED', 30, (data) => data['device'] === name, since);
    // Lets go of its file, so that the same disk can be plugged in elsewhere.
    await this.qmp.execute('blockdev-del', { 'node-name': `${name}-node` });
  }

  /** Takes the disc out of its drive, whatever the guest says. */
  async eject(): Promise<void> {
    await this.qmp.execute('blockdev-open-tray', { id: 'medium', force: true });
    await this.qmp.execute('blockdev-remove-medium', { id: 'medium' });
  }

  /** Presses keys of the machine's keyboard, by QEMU's names: `ret`, `down`, `alt-f2`. */
  async press(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const keys = name.split('-').map((data) => ({ type: 'qcode', data }));
      await this.qmp.execute('send-key', { keys, 'hold-time': 30 });
      // QEMU plays keys one after the other, and forgets those that do not fit into its queue.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }

  /** Types on the machine's keyboard, on an American layout. */
  async type(text: string): Promise<void> {
    await this.press(...keysFor(text));
  }

  /** Writes a picture of the screen, as PNG. */
  async photograph(path: string): Promise<void> {
    await this.qmp.execute('screendump', { filename: path, format: 'png' });
  }

  /** Tells the guest to switch itself off, and waits until it has. */
  async switchOff(): Promise<void> {
    // The answer may come, or not.
    this.agent.try('poweroff').catch(() => undefined);
    await this.switchedOff();
  }

  /** Waits until the machine has switched itself off; rejects if QEMU ended in another way. */
  async switchedOff(seconds = 60): Promise<void> {
    await this.#life.until(
      () => this.#end,
      seconds,
      () => 'the machine is off',
    );
    if (this.#end !== 0) throw new Error(`QEMU ended with ${String(this.#end)}: ${this.#errors.trim()}`);
  }

  /** Pulls the plug: nothing that the guest still had in its memory is written. */
  async powerCut(): Promise<void> {
    if (this.isOn) this.#process.kill('SIGKILL');
    await this.ended;
    await rm(this.#sockets, { recursive: true, force: true });
  }

  /** Saves the running machine to a file and ends it: {@link MachineOptions.savedState}. */
  async save(path: string, seconds = 60): Promise<void> {
    const end = performance.now() + limitMs(seconds);
    await this.qmp.execute('stop');
    await this.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 34 });
    await this.qmp.execute('migrate', { uri: `exec:cat > '${path}'` });
    for (;;) {
      const status = (await this.qmp.execute('query-migrate')) as { status?: string };
      if (status.status === 'completed') break;
      if (status.status === 'failed' || status.status === 'cancelled') {
        throw new Error(`the machine cannot be saved: ${JSON.stringify(status)}`);
      }
      if (performance.now() > end) throw new Error(`the machine is not saved within ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.powerCut();
  }
}
