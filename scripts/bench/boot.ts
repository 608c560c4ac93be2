/**
 * How long the image takes from QEMU's start to `permafrost: ready`, for each way to start it. Without hardware
 * acceleration, so that the figures of two machines differ by their processors alone. Several images take turns.
 * Usage: node scripts/bench/boot.ts [--rounds N] [--paths bios-cd,secure-usb,...] [--memory MB] [--processors N] [--steps] [--bare] [ISO...]
 * `--bare` adds the first image with its program alone, which says its version and nothing else: the peer.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Agent } from '../../test-vm/src/agent.ts';
import { makeBareIso } from './bare-iso.ts';

const paths = ['bios-cd', 'bios-usb', 'uefi-cd', 'uefi-usb', 'secure-cd', 'secure-usb'] as const;
type Path = (typeof paths)[number];

const limitMs = 180_000 * Number(process.env['PERMAFROST_TIMEOUT_FACTOR'] ?? 1);
const firmware = '/usr/share/OVMF';

interface Boot {
  readonly seconds: number;
  /** Processor time of QEMU: less disturbed by what else the machine does. */
  readonly cpuSeconds: number;
  /** Seconds since the kernel's start. */
  readonly uptime: number;
  /** Lines of `/run/permafrost/times`, where they were asked for. */
  readonly steps: string;
}

function firmwareArgs(path: Path, folder: string): string[] {
  if (path.startsWith('bios')) return ['-machine', 'q35'];
  const secure = path.startsWith('secure');
  const variables = join(folder, 'variables.fd');
  copyFileSync(join(firmware, `OVMF_VARS_4M${secure ? '.ms' : ''}.fd`), variables);
  const code = join(firmware, `OVMF_CODE_4M${secure ? '.secboot' : ''}.fd`);
  return [
    ...['-machine', secure ? 'q35,smm=on' : 'q35'],
    ...(secure ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...(secure ? ['-global', 'ICH9-LPC.disable_s3=1'] : []),
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
  ];
}

function mediumArgs(path: Path, iso: string, folder: string): string[] {
  if (path.endsWith('cd')) {
    return [
      ...['-drive', `if=none,id=cd,file=${iso},media=cdrom,readonly=on`],
      ...['-device', 'ide-cd,drive=cd,bus=ide.0,bootindex=0'],
    ];
  }
  const stick = join(folder, 'stick.img');
  copyFileSync(iso, stick);
  truncateSync(stick, 512 << 20);
  return [
    ...['-device', 'qemu-xhci', '-drive', `if=none,id=stick,format=raw,file=${stick}`],
    ...['-device', 'usb-storage,drive=stick,bootindex=0'],
  ];
}

/** User and system time of a process so far, in seconds. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Guest {
  readonly memoryMB: number;
  readonly processors: number;
}

/** Starts `iso` and resolves when it says that it is ready. */
async function boot(iso: string, path: Path, { memoryMB, processors }: Guest, steps: boolean): Promise<Boot> {
  const folder = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-boot-'));
  const args = [
    ...[
      '-accel',
      'tcg,thread=multi',
      '-smp',
      String(processors),
      '-m',
      String(memoryMB),
      '-nodefaults',
      '-no-reboot',
    ],
    ...['-display', 'none', '-vga', 'std', '-serial', 'stdio'],
    ...firmwareArgs(path, folder),
    ...mediumArgs(path, iso, folder),
  ];
  // The guest's list of steps is read through it; the port costs the start nothing that can be measured.
  const agent = steps ? await Agent.listen(join(folder, 'agent')) : undefined;
  if (agent !== undefined) {
    args.push('-device', 'virtio-serial-pci', '-chardev', `socket,id=agent,path=${agent.path}`);
    args.push('-device', 'virtserialport,chardev=agent,name=permafrost.agent');
  }
  const started = performance.now();
  const qemu = spawn('qemu-system-x86_64', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const found = await new Promise<Boot>((resolve, reject) => {
      let log = '';
      const timer = setTimeout(
        () => reject(new Error(`${path}: not ready after ${limitMs / 1000} s:\n${log.slice(-2000)}`)),
        limitMs,
      );
      qemu.once('error', reject);
      qemu.once('exit', () => reject(new Error(`${path}: QEMU ended:\n${log.slice(-2000)}`)));
      qemu.stdout.setEncoding('latin1').on('data', (text: string) => {
        log += text;
        const ready = /permafrost: ready uptime=([\d.]+)[^\n]*\n/.exec(log);
        if (ready === null) return;
        clearTimeout(timer);
        const seconds = (performance.now() - started) / 1000;
        resolve({ seconds, cpuSeconds: processorSeconds(qemu.pid!), uptime: Number(ready[1]), steps: '' });
      });
    });
    return agent === undefined
      ? found
      : { ...found, steps: await agent.run('sleep 1; cat /run/permafrost/times') };
  } finally {
    agent?.end(new Error('QEMU has ended'));
    qemu.removeAllListeners('exit');
    if (qemu.exitCode === null) {
      const ended = new Promise((resolve) => qemu.once('exit', resolve));
      qemu.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true });
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    paths: { type: 'string', default: paths.join(',') },
    memory: { type: 'string', default: '2048' },
    processors: { type: 'string', default: '2' },
    steps: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const chosen = values.paths.split(',').map((name) => {
  const path = paths.find((known) => known === name);
  if (path === undefined) throw new Error(`no way to start is called ${name}; known: ${paths.join(', ')}`);
  return path;
});
const isos = positionals.length > 0 ? positionals : ['dist/permafrost.iso'];
const bareFolder = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-bare-iso-'));
process.on('exit', () => rmSync(bareFolder, { recursive: true, force: true }));
if (values.bare) {
  const bare = join(bareFolder, 'program-alone.iso');
  makeBareIso(isos[0]!, bare);
  isos.push(bare);
}
const guest: Guest = { memoryMB: Number(values.memory), processors: Number(values.processors) };
const results = new Map<string, Boot[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const path of chosen) {
    for (const iso of isos) {
      const result = await boot(iso, path, guest, values.steps && !(values.bare && iso === isos.at(-1)));
      results.set(`${path} | ${iso}`, [...(results.get(`${path} | ${iso}`) ?? []), result]);
      console.error(
        `${path} ${iso}: ${result.seconds.toFixed(1)} s, processor ${result.cpuSeconds.toFixed(1)} s, kernel ${result.uptime} s`,
      );
      if (result.steps !== '') console.error(result.steps);
    }
  }
}
console.log('| way | image | ready, median s | span s | processor s | since the kernel s |');
console.log('|---|---|---|---|---|---|');
for (const [name, boots] of results) {
  const seconds = boots.map((result) => result.seconds);
  const cells = [
    name,
    median(seconds).toFixed(1),
    `${Math.min(...seconds).toFixed(1)}–${Math.max(...seconds).toFixed(1)}`,
    median(boots.map(({ cpuSeconds }) => cpuSeconds)).toFixed(1),
    median(boots.map(({ uptime }) => uptime)).toFixed(1),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
