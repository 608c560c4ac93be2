/** Of jobs, in plans and reports: sentences. */
export const jobs = {
  'job/repository-disk': 'Whether the repository is on a disk of this job is not known: {problem}.',
  'job/not-durable': 'The file system of the repository cannot promise that new files survive a power cut.',
  'job/table-not-reread':
    'The kernel did not read the new partition table of {path}; unplug it or reboot before use.',
  'job/not-in-image': 'The image does not have {place}: it will be there, but empty.',
  'job/ends-inside-image': 'The target ends inside the {place} of the image: what lies behind is left out.',
  'job/ends-inside-source': 'The target ends inside the {place} of the source: what lies behind is left out.',
  'job/image-has-zeros':
    '{badBytes} bytes of the image could not be read from its source: zeros will stand in for them.',

  'layout/grown-later': 'Partition {number} is grown, what is in it is not: {remark}.',
  'layout/new-table':
    'The partition table is made anew, from sectors of {fromSize} bytes to sectors of {toSize}; a BIOS boot loader has to be installed again.',
  'layout/new-table-windows':
    'The partition table is made anew, from sectors of {fromSize} bytes to sectors of {toSize}; a BIOS boot loader has to be installed again. Windows does not read the {content} of {place} there, Linux does.',
  'layout/tail-left-out': 'What lies behind the last partition is left out.',
  'layout/gap-closed': 'The {place} is closed: what lies in it is left out.',
  'layout/not-grown':
    'The file system of partition {number} keeps its old size: {problem}. Everything was restored; grow it in the restored system.',
  'layout/no-free-space': 'There is no free space in partition {number} that could be grown into.',
  'layout/keeps-size':
    'What is in partition {number} keeps the size that it had, {fromBytes} of {toBytes} bytes.',
  'layout/keeps-size-growable':
    'What is in partition {number} keeps the size that it had, {fromBytes} of {toBytes} bytes; --grow {sourceNumber} grows it.',
  'layout/into-grown-later': 'What is in partition {number} is not grown: {remark}.',

  'twins/clone':
    'A clone has the same identifiers as its source: do not start a system from one of them while both are attached. {why}',
  'twins/clone-keeps':
    'The clone keeps {idCount} of the identifiers of its source ({list}): do not start a system from one of them while both are attached. {why}',
  'twins/restore':
    '{name}, which is attached, has the same identifiers as what is restored ({list}): do not start a system from one of them while both are attached. {why}',
  'twins/unknown':
    'Whether another disk of this machine has the same identifiers is not known: not all of them answered in time.',
  'twins/detach-or-renew':
    'A system started from one of them can mount the other and write to it, Linux refuses the second of two XFS or Btrfs, and Windows switches one disk off. Detach one of them before anything starts from either, or give the copy new identifiers (--new-ids).',
  'twins/detach':
    'A system started from one of them can mount the other and write to it, Linux refuses the second of two XFS or Btrfs, and Windows switches one disk off. Detach one of them before.',

  'start/not-from': '{system} on {place} does not start from {path}.',
  'start/not-as-it-is':
    '{system} on {place} of {path} does not start as it is: "permafrost bootcheck {path}" says why.',
  'start/not-checked': 'Whether what is on {path} starts could not be checked: {problem}.',
  'start/no-entry':
    'No boot entry was made for {path}: its EFI system partition is not where the plan had it.',
  'start/no-fallback':
    'The fallback loader was not written to {path}: {problem}. Machines that have no boot entry for it do not find it: copy {from} to {to} on its EFI system partition.',
  'start/entry-not-written':
    'The boot entry “{label}” was not written: {problem}. If the machine does not start from {path}, choose it in the set-up of the firmware, or run: {command}',
  'start/firmware-forgot': 'the firmware took it and does not have it',

  'verify/pack': 'pack {pack}: {problem}',
  'verify/pack-at': 'pack {pack} at {atStart}: {problem}',
  'verify/pack-changed': 'pack {pack} is not what its name says: a byte of it changed',
  'verify/image': 'image {image}: {problem}',
  'verify/image-lost':
    'image {image} "{name}" cannot be restored whole: {partCount} parts are missing or damaged',

  // What is on a target.
  'lost/named': '{place}: {content} "{name}", {lengthBytes} bytes',
  'lost/with-id': '{place}: {content} {id}, {lengthBytes} bytes',
  'lost/unnamed': '{place}: {content}, {lengthBytes} bytes',
  'lost/unreadable': 'what is on it cannot be read: {problem}',

  'gap/unread': 'could not be read',
  'gap/zeros-written': 'could not be read from the source; zeros were written',

  // What the disk itself hides, refuses or is about to lose.
  'limit/hpa':
    'A host protected area hides {hiddenBytes} of the {wholeBytes} bytes of the disk: what is in there is neither read nor written. "hdparm -N" shows it, and can end it.',
  'limit/dco':
    'A device configuration overlay hides {hiddenBytes} of the {wholeBytes} bytes of the disk: what is in there is neither read nor written. "hdparm --dco-identify" shows it.',
  'limit/namespace':
    'The namespace is smaller than the disk: {hiddenBytes} of its {wholeBytes} bytes are in no namespace that this machine sees, and are neither read nor written. "nvme list-ns --all" shows the others.',
  'limit/read-only':
    'The disk is read-only: by a switch on it or its adapter, or by itself because it is worn out. It can be read, and not written.',
  'limit/failing':
    'The disk itself says (SMART) that it is failing: save what is on it now, and put nothing on it that matters.',
} as const;
