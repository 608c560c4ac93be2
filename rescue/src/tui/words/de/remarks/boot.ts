/** Zu dem, was Firmware und Bootlader auf einer Platte finden. */
import type { RemarkCode } from '../../../../engine/index.ts';

export const boot = {
  'uefi/partition-no-files': 'Die EFI-Systempartition ({place}) ist nicht lesbar: {problem}.',
  'uefi/no-fat': 'sie enthält kein FAT, sondern {content}',
  'uefi/no-partition': 'Es gibt keine EFI-Systempartition: mit UEFI startet nichts von dieser Platte.',
  'uefi/none': 'Es gibt keine EFI-Systempartition.',
  'uefi/entry-unreadable': 'Der Starteintrag {entry} des Rechners ist nicht lesbar: {problem}.',
  'uefi/untyped':
    '{place} hat die Dateien einer EFI-Systempartition, aber nicht deren Typ: die meiste Firmware sucht dort nicht.',
  'uefi/fallback': 'Jeder UEFI-Rechner findet den Ersatz-Bootlader auf der EFI-Systempartition ({place}).',
  'uefi/entry-leads':
    'Der Starteintrag {entry} des Rechners führt zu {path} auf der EFI-Systempartition ({place}).',
  'uefi/no-loader':
    'Die EFI-Systempartition ({place}) hat keinen Ersatz-Bootlader ({loader}) und keinen Bootlader eines Systems.',
  'uefi/no-fallback-no-entry':
    'Die EFI-Systempartition ({place}) hat keinen Ersatz-Bootlader ({loader}), und kein Starteintrag dieses Rechners führt zu einem ihrer Bootlader ({list}).',
  'uefi/no-fallback-unknown':
    'Die EFI-Systempartition ({place}) hat keinen Ersatz-Bootlader ({loader}): nur ein Starteintrag in dem Rechner, in den die Platte kommt, führt zu ihren Bootladern ({list}), und ob es einen gibt, ist hier nicht bekannt.',
  'uefi/entry-dangles': 'Der Starteintrag {entry} des Rechners führt zu {path}; das gibt es nicht.',
  'uefi/entry-off': 'Der Starteintrag {entry} des Rechners ist abgeschaltet.',

  'bios/sector-unreadable': 'Der erste Sektor der Platte ist nicht lesbar: {problem}.',
  'bios/no-code': 'Im ersten Sektor ist kein Startcode: ein BIOS startet nichts von dieser Platte.',
  'bios/unknown-code': 'Im ersten Sektor ist Startcode, der hier nicht bekannt ist.',
  'bios/grub-damaged': 'Im ersten Sektor ist GRUB, und was es lädt, ist beschädigt: {problem}.',
  'bios/grub-packed':
    'Wo GRUB seinen Rest sucht, ist nicht bekannt: sein Kern ist so gepackt, dass er hier nicht gelesen wird.',
  'bios/core-in-front': 'Der Kern von GRUB ist ganz da, bei Byte {atStart}, vor den Partitionen.',
  'bios/core-in-boot-partition':
    'Der Kern von GRUB ist ganz da, in der BIOS-Startpartition (Partition {number}).',
  'bios/core-inside':
    'Der Kern von GRUB liegt in Partition {number}, an festen Stellen ihres Dateisystems: verschiebt es sie, ist er verloren.',
  'bios/grub-seeks-missing': 'GRUB sucht das Dateisystem {id}; auf dieser Platte ist es nicht.',
  'bios/grub-seeks-partition': 'GRUB sucht seine Dateien auf Partition {number}; die gibt es nicht.',
  'bios/grub-prefix': 'Wo GRUB seine Dateien sucht, ist nicht bekannt („{prefix}“).',
  'bios/grub-files-not-read': 'GRUB sucht seine Dateien in {folder} ({where}); das wird hier nicht gelesen.',
  'bios/grub-files-missing': 'GRUB sucht seine Dateien in {folder} ({where}; {place}); dort sind sie nicht.',
  'bios/grub-files-unreadable': 'Die Dateien von GRUB waren nicht anzusehen: {problem}.',
  'bios/grub-files': 'GRUB findet seine Dateien in {folder} ({where}; {place}).',
  'where/file-system': 'Dateisystem {id}',
  'where/volume': 'Volume {volume}',
  'bios/windows-code': 'Startcode von Windows',
  'bios/plain-code': 'Startcode für die aktive Partition',
  'bios/code-on-gpt': '{code} ist im ersten Sektor, startet aber nicht von einer GPT-Platte.',
  'bios/none-active': '{code} ist im ersten Sektor, und keine Partition ist aktiv.',
  'bios/many-active': '{code} ist im ersten Sektor, und mehr als eine Partition ist aktiv.',
  'bios/active-no-code': 'Die aktive Partition ({place}) hat keinen Startcode im ersten Sektor.',
  'bios/active-starts-manager':
    '{code} ist im ersten Sektor, und die aktive Partition ({place}) startet den Startmanager von Windows.',
  'bios/active-has-code': '{code} ist im ersten Sektor, und die aktive Partition ({place}) hat Startcode.',
  'bios/active-unreadable': 'Die aktive Partition ist nicht lesbar: {problem}.',

  'windows/manager': 'Der Startmanager von Windows ist da ({place}).',
  'windows/files-unreadable': 'Die Startdateien sind nicht lesbar: {problem}.',
  'windows/no-manager': 'Der Startmanager von Windows ist auf keiner EFI-Systempartition dieser Platte.',
  'windows/uefi-only': 'Windows startet von einer GPT-Platte nur mit UEFI.',
  'windows/behind-grub': 'Im ersten Sektor ist GRUB: ob sein Menü Windows hat, wird nicht angesehen.',
  'windows/manager-not-active':
    'Der Startmanager von Windows (bootmgr) ist nicht auf der aktiven Partition ({place}).',
  'windows/store-missing': 'Die Startkonfiguration (BCD) fehlt.',
  'windows/store-damaged': 'Die Startkonfiguration (BCD) ist beschädigt: {problem}.',
  'windows/store-has-entry': 'Die Startkonfiguration (BCD) hat einen Eintrag dafür.',
  'windows/store-unread':
    'Die Startkonfiguration (BCD) nennt die Partition auf eine Weise, die hier nicht gelesen wird.',
  'windows/store-no-entry': 'Kein Eintrag der Startkonfiguration (BCD) führt dorthin.',
  'windows/entry-other-disk':
    'Der Eintrag {entry} der Startkonfiguration nennt die Platte {diskId}, diese ist {ownId}.',
  'windows/entry-no-partition':
    'Der Eintrag {entry} der Startkonfiguration nennt eine Partition, die es nicht gibt ({partition}).',
  'where/at-byte': 'bei Byte {atStart}',

  'linux/elsewhere': '{file} nennt {spec} ({use}); das ist auf {disk}.',
  'linux/missing': '{file} nennt {spec} ({use}); auf dieser Platte ist es nicht.',
  'linux/missing-waits':
    '{file} nennt {spec} ({use}); auf dieser Platte ist es nicht: das System wartet darauf, dann geht es weiter oder fragt.',
  'linux/resumes': 'wo es nach dem Ruhezustand weitermacht',
  'linux/all-there': 'Alle Dateisysteme, die /etc/fstab und /etc/crypttab nennen, sind auf dieser Platte.',
  'linux/no-menu': 'Ein Startmenü, das einem Kernel seine Wurzel sagt, wurde nicht gefunden.',
  'linux/menu-root': 'Das Startmenü sagt dem Kernel seine Wurzel: {spec}.',
  'linux/menu-root-missing':
    'Das Startmenü sagt dem Kernel, seine Wurzel sei {spec}; auf dieser Platte ist sie nicht.',
  'linux/entry-root-missing':
    'Ein Eintrag des Startmenüs nennt die Wurzel {spec}; auf dieser Platte ist sie nicht.',
  'linux/menu-root-unnamed':
    'Das Startmenü sagt dem Kernel, seine Wurzel sei {spec}: der Name sagt nicht, auf welcher Platte.',
  'linux/menu-names-missing': 'Das Startmenü nennt {word}; auf dieser Platte ist das nicht.',
  'linux/partition-unread': 'Nicht ganz lesbar ({place}): {problem}.',
  'linux/no-loader': 'Kein Bootlader auf einer EFI-Systempartition führt dorthin.',
  'linux/grub-seeks-missing':
    'GRUB ({file}; {place}) sucht das Dateisystem {id}; auf dieser Platte ist es nicht.',
  'linux/grub-goes-on': 'GRUB ({file}; {place}) macht hier weiter: {target}.',
  'linux/entry-starts': 'Der Starteintrag {name} startet es.',
  'linux/whole-kernels':
    'In \\EFI\\Linux sind ganze Kernel ({place}): welche Wurzel sie starten, wird hier nicht gelesen.',
  'linux/grub-of-other': 'GRUB startet von woanders, von einem anderen System ({place}).',
  'linux/menu-missing': 'Das Menü von GRUB ({file}) fehlt.',
  'linux/menu-there': 'Das Menü von GRUB ist in {file} ({place}).',

  'unread/whole': 'Nicht ganz anzusehen ({place}): {problem}.',
  'unread/file-system': 'Nicht anzusehen ({place}, {content}): {problem}.',
  'unread/encrypted': 'Verschlüsselt ({place}, {content}): was darin ist, ist nicht bekannt.',
  'unread/kind': 'Wird hier nicht angesehen ({place}, {content}): was darin ist, ist nicht bekannt.',
  'unread/features': 'es hat Eigenschaften, die hier nicht gelesen werden',

  'remedy/restore-partition':
    'Spielen Sie sie aus einem Abbild zurück, oder machen Sie sie neu, und installieren Sie den Bootlader noch einmal.',
  'remedy/set-type': 'Geben Sie der Partition den Typ EFI-System.',
  'remedy/boot-entry':
    'Spielen Sie mit Starteintrag zurück, oder kopieren Sie den Bootlader des Systems an diese Stelle.',
  'remedy/grub-install':
    'Starten Sie das System von einem anderen Medium, und führen Sie grub-install für diese Platte aus.',
  'remedy/activate': 'Machen Sie die Partition mit den Startdateien aktiv (sfdisk --activate).',
  'remedy/bootsect':
    'Starten Sie das Wiederherstellungsmedium von Windows, und führen Sie „bootsect /nt60 ALL“ aus.',
  'remedy/bcdboot':
    'Starten Sie das Wiederherstellungsmedium von Windows, und führen Sie „bcdboot C:\\Windows“ aus.',
  'remedy/correct-line': 'Berichtigen Sie die Zeile; „lsblk -f“ zeigt, was da ist.',
  'remedy/correct-menu': 'Berichtigen Sie es, oder führen Sie im System grub-mkconfig aus.',
  'remedy/install-loader': 'Installieren Sie seinen Bootlader noch einmal.',
  'remedy/make-menu': 'Führen Sie im System grub-mkconfig aus.',
} satisfies Partial<Record<RemarkCode, string>>;
