/** Of what firmware and boot loaders find on a disk: sentences, remedies among them. */
export const boot = {
  'uefi/partition-no-files': 'The EFI system partition ({place}) cannot be read: {problem}.',
  'uefi/no-fat': 'it holds no FAT but {content}',
  'uefi/no-partition': 'There is no EFI system partition, so that UEFI starts nothing from this disk.',
  'uefi/none': 'There is no EFI system partition.',
  'uefi/entry-unreadable': "The machine's boot entry {entry} cannot be read: {problem}.",
  'uefi/untyped':
    '{place} has the files of an EFI system partition but not its type: most firmware does not look there.',
  'uefi/fallback': 'Any UEFI machine finds the fallback loader on the EFI system partition ({place}).',
  'uefi/entry-leads':
    "The machine's boot entry {entry} leads to {path} on the EFI system partition ({place}).",
  'uefi/no-loader':
    'The EFI system partition ({place}) has no fallback loader ({loader}) and no loader of any system.',
  'uefi/no-fallback-no-entry':
    'The EFI system partition ({place}) has no fallback loader ({loader}), and no boot entry of this machine leads to one of its loaders ({list}).',
  'uefi/no-fallback-unknown':
    'The EFI system partition ({place}) has no fallback loader ({loader}): only a boot entry in the machine that it will be in leads to its loaders ({list}), and whether there is one is not known here.',
  'uefi/entry-dangles': "The machine's boot entry {entry} leads to {path}, which is not there.",
  'uefi/entry-off': "The machine's boot entry {entry} is switched off.",

  'bios/sector-unreadable': 'The first sector of the disk cannot be read: {problem}.',
  'bios/no-code': 'There is no boot code in the first sector, so that a BIOS starts nothing from this disk.',
  'bios/unknown-code': 'The first sector has boot code that is not known here.',
  'bios/grub-damaged': 'GRUB is in the first sector, and what it loads is damaged: {problem}.',
  'bios/grub-packed':
    "Where GRUB's core image looks for the rest of it is not known: it is packed in a way that is not read here.",
  'bios/core-in-front': "GRUB's core image is whole, at byte {atStart}, in front of the partitions.",
  'bios/core-in-boot-partition':
    "GRUB's core image is whole, in the BIOS boot partition (partition {number}).",
  'bios/core-inside':
    "GRUB's core image is inside partition {number}, at fixed sectors of its file system: it is lost when that file system moves it.",
  'bios/grub-seeks-missing': 'GRUB looks for the file system {id}, which is not on this disk.',
  'bios/grub-seeks-partition': 'GRUB looks for its files on partition {number}, which does not exist.',
  'bios/grub-prefix': 'Where GRUB looks for its files is not known: its prefix is “{prefix}”.',
  'bios/grub-files-not-read': 'GRUB looks for its files in {folder} on {where}, which is not read here.',
  'bios/grub-files-missing':
    'GRUB looks for its files in {folder} on {where} ({place}), and they are not there.',
  'bios/grub-files-unreadable': "GRUB's files cannot be looked at: {problem}.",
  'bios/grub-files': 'GRUB finds its files in {folder} on {where} ({place}).',
  'where/file-system': 'the file system {id}',
  'where/volume': 'the volume {volume}',
  'bios/windows-code': 'Windows’ boot code',
  'bios/plain-code': 'Boot code that starts the active partition',
  'bios/code-on-gpt': '{code} is in the first sector, but it does not start from a GPT disk.',
  'bios/none-active': '{code} is in the first sector, and no partition is active.',
  'bios/many-active': '{code} is in the first sector, and more than one partition is active.',
  'bios/active-no-code': 'The active partition ({place}) has no boot code in its first sector.',
  'bios/active-starts-manager':
    '{code} is in the first sector, and the active partition ({place}) starts Windows’ boot manager.',
  'bios/active-has-code': '{code} is in the first sector, and the active partition ({place}) has boot code.',
  'bios/active-unreadable': 'The active partition cannot be read: {problem}.',

  'windows/manager': "Windows' boot manager is on {place}.",
  'windows/files-unreadable': 'The boot files cannot be read: {problem}.',
  'windows/no-manager': "Windows' boot manager is on no EFI system partition of this disk.",
  'windows/uefi-only': 'Windows starts from a GPT disk by UEFI only.',
  'windows/behind-grub': 'GRUB is in the first sector: whether its menu has Windows is not looked at.',
  'windows/manager-not-active': "Windows' boot manager (bootmgr) is not on the active partition ({place}).",
  'windows/store-missing': 'The boot configuration (BCD) is missing.',
  'windows/store-damaged': 'The boot configuration (BCD) is damaged: {problem}.',
  'windows/store-has-entry': 'The boot configuration (BCD) has an entry for it.',
  'windows/store-unread': 'The boot configuration (BCD) names its partition in a way that is not read here.',
  'windows/store-no-entry': 'No entry of the boot configuration (BCD) leads to it.',
  'windows/entry-other-disk':
    "The boot configuration's entry {entry} names the disk {diskId}, and this one is {ownId}.",
  'windows/entry-no-partition':
    "The boot configuration's entry {entry} names the partition {partition}, which does not exist.",
  'where/at-byte': 'at byte {atStart}',

  'linux/elsewhere': '{file} names {spec} ({use}), which is on {disk}.',
  'linux/missing': '{file} names {spec} ({use}), which is not on this disk.',
  'linux/missing-waits':
    '{file} names {spec} ({use}), which is not on this disk: the system waits for it, then goes on or asks.',
  'linux/resumes': 'where it resumes from',
  'linux/all-there': 'All file systems that /etc/fstab and /etc/crypttab name are on this disk.',
  'linux/no-menu': 'No boot menu that tells a kernel where its root is was found.',
  'linux/menu-root': 'The boot menu tells the kernel its root: {spec}.',
  'linux/menu-root-missing':
    'The boot menu tells the kernel that its root is {spec}, which is not on this disk.',
  'linux/entry-root-missing': 'An entry of the boot menu names the root {spec}, which is not on this disk.',
  'linux/menu-root-unnamed':
    'The boot menu tells the kernel that its root is {spec}, a name that does not say which disk.',
  'linux/menu-names-missing': 'The boot menu names {word}, which is not on this disk.',
  'linux/partition-unread': '{place} cannot be read whole: {problem}.',
  'linux/no-loader': 'No loader on an EFI system partition leads to it.',
  'linux/grub-seeks-missing':
    'GRUB ({file} on {place}) looks for the file system {id}, which is not on this disk.',
  'linux/grub-goes-on': 'GRUB ({file} on {place}) goes on with {target}.',
  'linux/entry-starts': 'The boot entry {name} starts it.',
  'linux/whole-kernels':
    'There are whole kernels in \\EFI\\Linux on {place}: which root they start is not read here.',
  'linux/grub-of-other': 'GRUB starts from {place}, which is of another system.',
  'linux/menu-missing': "GRUB's menu ({file}) is missing.",
  'linux/menu-there': "GRUB's menu is in {file} on {place}.",

  'unread/whole': '{place} could not be looked into whole: {problem}.',
  'unread/file-system': '{place} ({content}) could not be looked into: {problem}.',
  'unread/encrypted': '{place} is encrypted ({content}): what is in it is not known.',
  'unread/kind': '{place} holds {content}, which is not looked into: what is in it is not known.',
  'unread/features': 'it uses features that are not read here',

  // What can be done about it.
  'remedy/restore-partition': 'Restore it from an image, or make it anew and install the boot loader again.',
  'remedy/set-type': 'Set the type of the partition to EFI System.',
  'remedy/boot-entry': 'Restore with a boot entry, or copy the loader of the system to that path.',
  'remedy/grub-install': 'Start the system from another medium and run grub-install on this disk.',
  'remedy/activate': 'Make the partition with the boot files active (sfdisk --activate).',
  'remedy/bootsect': 'Start the Windows recovery medium and run "bootsect /nt60 ALL".',
  'remedy/bcdboot': 'Start the Windows recovery medium and run "bcdboot C:\\Windows".',
  'remedy/correct-line': 'Correct the line; "lsblk -f" shows what there is.',
  'remedy/correct-menu': 'Correct it, or run grub-mkconfig in the system.',
  'remedy/install-loader': 'Install its boot loader again.',
  'remedy/make-menu': 'Run grub-mkconfig in the system.',
} as const;
