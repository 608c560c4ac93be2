/** Of new identifiers of copies: sentences, and why one is kept, as clauses. */
export const newIds = {
  'new-ids/dracut':
    'The initramfs of the system on {place} was made by dracut, perhaps for its old identifiers alone: if it does not find its root, start its rescue entry and run "dracut --force --regenerate-all".',
  'new-ids/initramfs-tools':
    'The initramfs of the system on {place} keeps where it resumes from: it may wait for the old swap at its start. Run "update-initramfs -u -k all" in it.',
  'new-ids/mkinitcpio':
    'The initramfs of the system on {place} may keep old identifiers: run "mkinitcpio -P" in it.',
  'new-ids/other-machines':
    'Boot entries of other machines that name the old EFI system partition do not lead to the new one: there its fallback loader starts it, or a new entry.',
  'new-ids/bitlocker': 'BitLocker may ask for its recovery key at the next start.',

  'new-ids/ended':
    'It ended before all of them were given: restore or clone the disk again without new identifiers.',
  'new-ids/keeps':
    'The file system on {place} keeps its identifier {id}: {problem}. Give it one in the copied system, with what names it.',
  'new-ids/maybe-damaged':
    'The file system on {place} may be damaged: {problem}. Restore or clone the disk again without new identifiers.',
  'new-ids/names-missing':
    '{file} on {place} names identifiers that the disk did not get: {problem}. Restore or clone it again without new identifiers.',
  'new-ids/table-keeps':
    'The partition table keeps its identifiers, since {file} on {place} could not be changed with them.',
  'new-ids/names-old':
    '{file} on {place} still names {id}, which is {to} now: {problem}. Correct it before you start the system.',
  'new-ids/not-looked-into': '{file} on {place} could not be looked into: {problem}.',
  'new-ids/not-where-planned': 'it is not where the plan had it',

  'kept/lvm2':
    'names of volume groups and file systems in them belong together: run vgimportclone where only the copy is attached',
  'kept/luks':
    'no crypttab outside of it names it, so that what is encrypted in it does, and cannot be mended: in the copied system change crypttab and kernel command line, make its initramfs anew, and run "cryptsetup luksUUID --uuid" last',
  'kept/md':
    'all members of a RAID share it: "mdadm --assemble --update=uuid" changes it with all of them attached',
  'kept/bitlocker': 'it is bound to its keys',
  'kept/unread': '{file} on {place}, which may name it, cannot be read: {problem}',
  'kept/named': '{file} on {place} names it, and {problem}',
  'kept/no-tool': 'no tool here changes it on {content}',
  'kept/dirty': 'the file system was not cleanly unmounted: shut its system down fully and save it again',
  'kept/shared-file-system': 'more than one partition has it, as parts of one file system or as copies',
  'kept/shared': 'more than one has it',
  'kept/encrypted': 'what is encrypted on {place} ({content}) names it, and cannot be mended',
  'kept/opaque': 'what is on {place} ({content}) may name it, and cannot be looked into',
  'kept/grub':
    "GRUB's core image, which is packed, looks for it: run grub-install in the system after changing it",
  'mend/logical-volume': 'files in a logical volume are not changed here',
  'mend/signed': 'it is signed',
  'mend/dirty': 'its file system was not cleanly unmounted: shut its system down fully and save it again',
  'mend/btrfs': 'a Btrfs that keeps its UUID is not mounted beside its original',
} as const;
