/**
 * What can go wrong in the world, by code: what happened (with the device or file named), what the person at the console
 * can do next, and the exit code of a command that ends with it.
 */
import { say, type Remark, type Said } from './remarks.ts';

/** Exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, usage: 2, gaps: 3, unverified: 4, cancelled: 130 } as const;

export interface ErrorRow<D> {
  readonly message: (details: D) => string;
  readonly hint: (details: D) => string;
  readonly exit: number;
}

function row<D>(
  message: (d: D) => string,
  hint: (d: D) => string,
  exit: number = exitCodes.failed,
): ErrorRow<D> {
  return { message, hint, exit };
}

/** A system call that failed on a path; `errno` is the symbolic name, as in `EIO`. */
interface SystemFailure {
  readonly path: string;
  readonly syscall: string;
  readonly errno: string;
}

export const errorTable = {
  'usage/invalid': row<{ problem: Said; hint?: string }>(
    (d) => d.problem,
    (d) => d.hint ?? 'Run "permafrost help" for the commands and their options.',
    exitCodes.usage,
  ),

  'device/not-found': row<{ device: string }>(
    (d) => `${d.device} does not exist`,
    () => 'Run "permafrost disks" to see the disks of this machine.',
  ),
  'device/not-a-disk': row<{ device: string; what: string }>(
    (d) => `${d.device} is ${d.what}, not a disk`,
    () => 'Name a block device such as /dev/sdb, or a disk-image file.',
  ),
  'device/no-permission': row<{ device: string }>(
    (d) => `no permission to open ${d.device}`,
    () => 'Run the command as root (for example with sudo).',
  ),
  'device/in-use': row<{ device: string; reason: Said }>(
    (d) => `${d.device} is in use: ${d.reason}`,
    () => 'Unmount it or stop what holds it, or boot the rescue image, which mounts nothing, and try again.',
  ),
  'device/read-only': row<{ device: string }>(
    (d) => `${d.device} is read-only`,
    () => 'Check the write-protect switch, or run "blockdev --setrw" on it if it is set by software.',
  ),
  'device/changed': row<{ device: string; problem: Said }>(
    (d) => `${d.device} is not the disk that was planned for: ${d.problem}`,
    () => 'Nothing was written. Run "permafrost disks", check which disk is which, and plan again.',
  ),
  'device/too-small': row<{ device: string; sizeBytes: number; neededBytes: number; why?: Said }>(
    (d) =>
      `${d.device} is too small: it has ${d.sizeBytes} bytes and ${d.neededBytes} are needed${d.why === undefined ? '' : ` (${d.why})`}`,
    (d) => `Use a disk with at least ${d.neededBytes} bytes.`,
  ),
  'device/sector-size': row<{
    device: string;
    sectorSize: number;
    imageSectorSize: number;
    problem: Said;
  }>(
    (d) =>
      `${d.device} has sectors of ${d.sectorSize} bytes and the source had ${d.imageSectorSize}: ${d.problem}`,
    (d) => `Use a disk with sectors of ${d.imageSectorSize} bytes.`,
  ),
  'device/is-source': row<{ device: string; source: string }>(
    (d) => `${d.device} is the source ${d.source}, or shares a disk with it`,
    () => 'Nothing was written. Name another disk as the target.',
  ),
  'device/named-twice': row<{ device: string; other: string }>(
    (d) => `${d.device} and ${d.other} are the same disk, or parts of one`,
    () => 'Nothing was written. Name each target once.',
  ),
  'device/table-mismatch': row<{ device: string; problem: Said }>(
    (d) => `${d.device} does not have the partitions of the image: ${d.problem}`,
    () => 'Restore the whole disk, or create the partition with the same start and size first.',
  ),
  'layout/impossible': row<{ device: string; problem: Said; hint: string }>(
    (d) => `${d.device} cannot get the layout asked for: ${d.problem}`,
    (d) => `Nothing was written. ${d.hint}`,
  ),
  'layout/size': row<{ device: string; number: number; bytes: number; why: Remark }>(
    (d) => `partition ${d.number} cannot have ${d.bytes} bytes on ${d.device}: ${d.why.text}`,
    () => 'Nothing was written. Choose another size for it, or for the others.',
  ),
  'layout/place': row<{ device: string; number: number; start: number; why: Remark }>(
    (d) => `partition ${d.number} cannot begin at ${d.start} bytes on ${d.device}: ${d.why.text}`,
    () => 'Nothing was written. Choose another place for it, or other sizes.',
  ),
  'layout/no-overlay': row<{ problem: Said }>(
    (d) =>
      `no file system can be made smaller here: it takes FUSE or a loop device, which does not work (${d.problem})`,
    () =>
      'Nothing was written. Run it as root, in the rescue environment, or use a target that is large enough.',
  ),
  'layout/no-scratch': row<{ folder: string; problem: Said }>(
    (d) => `no file system can be made smaller with a scratch file in ${d.folder}: ${d.problem}`,
    () =>
      'Nothing was written. Name another folder with --scratch: not on a FAT stick, and with room enough.',
  ),
  'layout/scratch-full': row<{ folder: string; freeBytes: number; neededBytes: number }>(
    (d) =>
      `making file systems smaller needs about ${d.neededBytes} bytes in ${d.folder}, and ${d.freeBytes} are free there`,
    (d) => `Nothing was written. Name a folder with ${d.neededBytes} free bytes with --scratch.`,
  ),
  'layout/not-shrunk': row<{ device: string; number: number; problem: Said }>(
    (d) =>
      `the file system of partition ${d.number} cannot be made as small as ${d.device} needs: ${d.problem}`,
    () => 'Nothing was written. Use a larger target.',
  ),
  'layout/damaged': row<{ device: string; number: number; problem: Said }>(
    (d) => `growing the file system of partition ${d.number} of ${d.device} left it damaged: ${d.problem}`,
    () => 'Restore again, without growing it. The image is not affected.',
    exitCodes.unverified,
  ),
  'device/read-failed': row<SystemFailure & { offset: number; length: number }>(
    ({ length, offset, path, errno, syscall }) =>
      say('failure/read', { lengthBytes: length, atStart: offset, path, errno, syscall }),
    () => 'The disk or its cable may be failing. Check the cable and the kernel log, then try again.',
  ),
  'device/write-failed': row<SystemFailure & { offset: number; length: number }>(
    (d) => `cannot write ${d.length} bytes at ${d.offset} of ${d.path} (${d.errno} from ${d.syscall})`,
    () => 'The target is incomplete and must not be used. Check it, or use another one, and restore again.',
  ),
  'device/read-back-differs': row<{ device: string; offset: number; length: number; count: number }>(
    (d) =>
      `${d.device} does not hold what was written: ${d.count} places differ, the first ${d.length} bytes at ${d.offset}`,
    () => 'The device is faulty or has less capacity than it claims. Do not trust it; use another one.',
    exitCodes.unverified,
  ),
  'device/failed': row<SystemFailure>(
    ({ syscall, path, errno }) => say('failure/system', { syscall, path, errno }),
    () => 'Check that the device is still there ("permafrost disks") and try again.',
  ),

  'structure/invalid': row<{ structure: string; problem: string; offset?: number }>(
    (d) => `${d.structure}${d.offset === undefined ? '' : ` at ${d.offset}`}: ${d.problem}`,
    () => 'What holds it is damaged or uses a feature not known here; it can be imaged raw.',
  ),

  'repository/not-found': row<{ repository: string }>(
    (d) => `there is no repository at ${d.repository}`,
    () => 'Check the path, and that the disk or share with the repository is mounted.',
  ),
  'repository/not-empty': row<{ repository: string }>(
    (d) => `${d.repository} is not a repository and not empty`,
    () => 'Name an empty or a new folder; permafrost makes a repository in it.',
  ),
  'repository/unsupported': row<{ repository: string; problem: Said }>(
    (d) => `the repository at ${d.repository} cannot be read by this version: ${d.problem}`,
    () => 'Use a newer version of permafrost. Nothing was changed.',
  ),
  'repository/corrupt': row<{ path: string; problem: Said }>(
    (d) => `${d.path} is damaged: ${d.problem}`,
    () => 'Run "permafrost verify" to see what is affected; check the disk that holds the repository.',
    exitCodes.unverified,
  ),
  'repository/full': row<{ repository: string; missingBytes: number }>(
    (d) => `the disk that holds ${d.repository} is full: about ${d.missingBytes} more bytes are needed`,
    () =>
      'No image was committed. What was saved is kept: free some space and run the same command again; it continues.',
  ),
  'repository/failed': row<SystemFailure>(
    ({ syscall, path, errno }) => say('failure/system', { syscall, path, errno }),
    () =>
      'Check that the disk or share with the repository is still there. What was saved is kept and reused.',
  ),
  'repository/on-source': row<{ repository: string; device: string }>(
    (d) => `the repository ${d.repository} is on the disk to be imaged, ${d.device}`,
    () =>
      'An image on the drive it came from dies with it. Use another disk, or --force-same-disk if you must.',
  ),
  'repository/on-target': row<{ repository: string; device: string }>(
    (d) => `the repository ${d.repository} is on the disk to be overwritten, ${d.device}`,
    () => 'Move the repository to another disk. This cannot be overridden.',
  ),
  'repository/unresolved': row<{ repository: string; problem: Said }>(
    (d) => `cannot find out which disk holds ${d.repository}: ${d.problem}`,
    () =>
      'Use a folder on an ordinary file system, or --allow-unresolved if it is certainly on another disk.',
  ),

  'image/not-found': row<{ image: string; repository: string }>(
    (d) => `there is no image "${d.image}" in ${d.repository}`,
    () => 'Run "permafrost images --repo DIR" to see what is there.',
  ),
  'image/ambiguous': row<{ image: string; candidates: readonly string[] }>(
    (d) => `"${d.image}" could mean ${d.candidates.join(' or ')}`,
    () => 'Name the image by its id, or narrow it with --machine or --disk.',
  ),
  'image/corrupt': row<{ path: string; problem: Said }>(
    (d) => `the image ${d.path} is damaged: ${d.problem}`,
    () => 'Run "permafrost verify" on it. Other images of the repository are not affected by it.',
    exitCodes.unverified,
  ),
  'image/chunk-unreadable': row<{
    chunk: string;
    region: string;
    offset: number;
    pack: string;
    problem: Said;
  }>(
    (d) => `chunk ${d.chunk} of ${d.region} at ${d.offset} cannot be read from ${d.pack}: ${d.problem}`,
    () => 'Restore with --keep-going to get everything else, or use another image or copy of the repository.',
    exitCodes.unverified,
  ),

  'plan/refused': row<{ refusals: readonly { code: string; message: string; hint: string }[] }>(
    (d) => d.refusals.map((r) => r.message).join('; '),
    (d) => d.refusals.map((r) => r.hint).join(' '),
  ),
  'plan/changed': row<{ expected: string; actual: string }>(
    (d) => `what would be done has changed since it was confirmed (plan ${d.expected}, now ${d.actual})`,
    () => 'Nothing was written. Look at the new plan and confirm it.',
  ),
  'plan/not-confirmed': row<{ device: string }>(
    (d) => `the overwriting of ${d.device} was not confirmed`,
    () => 'Nothing was written. Type the characters asked for, or pass --yes in scripts.',
  ),

  'job/cancelled': row<{ kept?: string }>(
    () => 'cancelled',
    (d) => d.kept ?? 'Nothing half-done was left behind. Run the same command again to continue.',
    exitCodes.cancelled,
  ),
  'job/busy': row<{ what: string }>(
    (d) => `${d.what} is running, and one job runs at a time`,
    () => 'Nothing was done. Wait until it has ended, or cancel it.',
  ),
  'job/lost': row<{ what: string; reason: string }>(
    (d) =>
      `${d.what} was running when the program that ran it ended unexpectedly${d.reason === '' ? '' : `: ${d.reason}`}`,
    () =>
      'Run the same job again: it continues where it was. A disk that was being overwritten must not be used before.',
  ),
  'runner/lost': row<{ problem: Said }>(
    (d) => `the runner, which runs the jobs, does not answer: ${d.problem}`,
    () => 'It is started again by itself. What happened is in /run/permafrost/log/runner.log.',
  ),
  'runner/protocol': row<{ problem: Said }>(
    (d) => `the runner and this program do not understand each other: ${d.problem}`,
    () => 'Use the program that belongs to this rescue image.',
  ),
  'job-file/invalid': row<{ file: string; problems: readonly string[] }>(
    (d) => `${d.file} is no job file:\n  ${d.problems.slice(0, 20).join('\n  ')}`,
    () => 'Nothing was done. Mend these lines; docs/unattended.md has examples.',
    exitCodes.usage,
  ),
  'job-file/disk': row<{ rule: Said; problem: Said }>(
    (d) => `${d.rule} ${d.problem}`,
    () => 'Nothing was written. "permafrost disks" shows serials and WWNs; name the disk by one of them.',
  ),
  'job-file/repository': row<{ rule: Said; problem: Said }>(
    (d) => `${d.rule} ${d.problem}`,
    () =>
      'Nothing was written. Attach the disk or switch the server on ("permafrost disks" shows labels), or change what the job says of it.',
  ),
  'job-file/changed': row<{ id: string; disks: readonly string[] }>(
    (d) =>
      `the job "${d.id}" was interrupted while it overwrote ${d.disks.join(', ')}, and its file has changed since`,
    () =>
      'Nothing was done, since the disk holds half an image. Restore it by hand, or run the file as it was; then give the new one another id.',
  ),
  'job-file/running': row<{ id: string; pid: number }>(
    (d) => `this machine is running the job "${d.id}" now, in process ${d.pid}`,
    () => 'Nothing was done. Wait until it has ended.',
  ),
  'job-file/end': row<{ action: string; problem: string }>(
    (d) => `the machine does not ${d.action === 'reboot' ? 'start again' : 'switch off'}: ${d.problem}`,
    () => 'The job itself has ended; its report is above. Switch the machine off by hand.',
  ),
  'boot-job/not-found': row<{ word: string; problem: Said }>(
    (d) => `the job ${d.word} ${d.problem}`,
    () =>
      'Nothing was done. "permafrost.job=" on the kernel command line names the job; "permafrost.job=none" asks for none.',
    exitCodes.usage,
  ),
  'boot-job/ambiguous': row<{ sources: readonly string[] }>(
    (d) => `there is more than one job for this start: ${d.sources.join(' and ')}`,
    () => 'Nothing was done. Take all but one away, or say "permafrost.job=none" on the kernel command line.',
    exitCodes.usage,
  ),
  'job-file/unmount': row<{ path: string; problem: string }>(
    (d) => `${d.path} cannot be unmounted: ${d.problem}`,
    () => 'What was saved is complete. Do not pull the disk: shut the machine down first.',
  ),
  'job-file/already-run': row<{ id: string; when: string; outcome: string }>(
    (d) => `this machine ran the job "${d.id}" already (${d.when}, outcome ${d.outcome})`,
    () => 'Nothing was done. Give the job another id, or set "repeat: true" in it.',
  ),
  'program/addon': row<{ path: string; problem: string }>(
    (d) => `the native part of permafrost cannot be loaded from ${d.path}: ${d.problem}`,
    () => 'Install permafrost again, or point PERMAFROST_ADDON_DIR at a private folder it can be run from.',
  ),
} as const;
