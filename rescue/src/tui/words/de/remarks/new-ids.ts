/** Zu neuen Kennungen von Kopien. */
import type { RemarkCode } from '../../../../engine/index.ts';

export const newIds = {
  'new-ids/dracut':
    'Die Startumgebung (initramfs) des Systems hat dracut gemacht, vielleicht nur für die alten Kennungen ({place}): findet es seine Wurzel nicht, starten Sie seinen Rettungseintrag, und führen Sie „dracut --force --regenerate-all“ aus.',
  'new-ids/initramfs-tools':
    'Die Startumgebung (initramfs) des Systems merkt sich die alte Auslagerungspartition und wartet vielleicht beim Start auf sie ({place}). Führen Sie in ihm „update-initramfs -u -k all“ aus.',
  'new-ids/mkinitcpio':
    'Die Startumgebung (initramfs) des Systems hat vielleicht noch alte Kennungen ({place}): führen Sie in ihm „mkinitcpio -P“ aus.',
  'new-ids/other-machines':
    'Starteinträge anderer Rechner, die die alte EFI-Systempartition nennen, führen nicht zur neuen: dort startet sie der Ersatz-Bootlader oder ein neuer Eintrag.',
  'new-ids/bitlocker': 'BitLocker fragt beim nächsten Start vielleicht nach dem Wiederherstellungsschlüssel.',

  'new-ids/ended':
    'Es endete, bevor alle vergeben waren: spielen Sie die Platte noch einmal zurück, oder kopieren Sie sie noch einmal, ohne neue Kennungen.',
  'new-ids/keeps':
    'Ein Dateisystem behält seine Kennung {id} ({place}): {problem}. Geben Sie ihm im kopierten System eine, mit allem, was sie nennt.',
  'new-ids/maybe-damaged':
    'Ein Dateisystem kann beschädigt sein ({place}): {problem}. Machen Sie die Kopie noch einmal, ohne neue Kennungen.',
  'new-ids/names-missing':
    '{file} ({place}) nennt Kennungen, die die Platte nicht bekam: {problem}. Machen Sie die Kopie noch einmal, ohne neue Kennungen.',
  'new-ids/table-keeps':
    'Die Partitionstabelle behält ihre Kennungen, da {file} ({place}) nicht mitgeändert werden konnte.',
  'new-ids/names-old':
    '{file} ({place}) nennt noch {id}, jetzt {to}: {problem}. Berichtigen Sie das, bevor Sie das System starten.',
  'new-ids/not-looked-into': '{file} ({place}) war nicht zu lesen: {problem}.',
  'new-ids/not-where-planned': 'es ist nicht, wo es sein sollte',

  'kept/lvm2':
    'die Namen von LVM und die Dateisysteme darin gehören zusammen: führen Sie vgimportclone aus, wo nur die Kopie angeschlossen ist',
  'kept/luks':
    'keine crypttab außerhalb nennt sie, also nennt sie etwas im Verschlüsselten, das sich nicht anpassen lässt: ändern Sie im kopierten System crypttab und Kernelzeile, machen Sie seine Startumgebung (initramfs) neu, und führen Sie zuletzt „cryptsetup luksUUID --uuid“ aus',
  'kept/md':
    'alle Teile eines RAID haben sie: „mdadm --assemble --update=uuid“ ändert sie, wenn alle angeschlossen sind',
  'kept/bitlocker': 'sie ist an seine Schlüssel gebunden',
  'kept/unread': '{file} ({place}) nennt sie vielleicht und ist nicht lesbar: {problem}',
  'kept/named': '{file} ({place}) nennt sie, und: {problem}',
  'kept/no-tool': 'nichts hier ändert sie bei {content}',
  'kept/dirty':
    'das Dateisystem wurde nicht sauber geschlossen: fahren Sie sein System ganz herunter, und sichern Sie es noch einmal',
  'kept/shared-file-system': 'mehr als eine Partition hat sie, als Teile eines Dateisystems oder als Kopien',
  'kept/shared': 'mehr als eine hat sie',
  'kept/encrypted':
    'was dort verschlüsselt ist, nennt sie und lässt sich nicht anpassen ({place}, {content})',
  'kept/opaque': 'was dort ist, nennt sie vielleicht, und ist nicht einzusehen ({place}, {content})',
  'kept/grub':
    'der gepackte Teil von GRUB sucht danach: führen Sie im System grub-install aus, nachdem Sie sie geändert haben',
  'mend/logical-volume': 'Dateien in einem logischen Volume werden hier nicht geändert',
  'mend/signed': 'sie ist signiert',
  'mend/dirty':
    'ihr Dateisystem wurde nicht sauber geschlossen: fahren Sie sein System ganz herunter, und sichern Sie es noch einmal',
  'mend/btrfs': 'ein Btrfs, das seine Kennung behält, wird neben seinem Original nicht eingehängt',
} satisfies Partial<Record<RemarkCode, string>>;
