/** Was zu tun ist, damit von einem Bereich weniger gesichert wird. */
import type { RemarkCode } from '../../../../engine/index.ts';

export const remedies = {
  'raw-remedy/mount-once':
    'Hängen Sie es an dem Rechner, zu dem es gehört, einmal ein und wieder aus, und sichern Sie dann noch einmal.',
  'raw-remedy/mount-again':
    'Hängen Sie es in dem System, zu dem es gehört, noch einmal ein und wieder aus, und lesen Sie es dann neu.',
  'raw-remedy/eject':
    'Hängen Sie es an dem Mac, zu dem es gehört, ein, werfen Sie es dort aus, und lesen Sie es dann neu.',
  'raw-remedy/disk-utility': 'Prüfen Sie es mit dem Festplattendienstprogramm.',
  'raw-remedy/btrfs-check': 'Prüfen Sie es mit „btrfs check“, und sichern Sie dann noch einmal.',
  'raw-remedy/all-disks': 'Sichern Sie jede Platte, auf der es liegt.',
  'raw-remedy/xfs-repair': 'Führen Sie xfs_repair darauf aus, und sichern Sie dann noch einmal.',
  'raw-remedy/f2fs-check': 'Führen Sie fsck.f2fs darauf aus.',
  'raw-remedy/exfat-check':
    'Prüfen Sie es (in Windows chkdsk /f, in Linux fsck.exfat), werfen Sie es richtig aus oder fahren Sie herunter, und sichern Sie dann noch einmal.',
  'raw-remedy/fat-check':
    'Prüfen Sie es (in Windows chkdsk /f, in Linux fsck.vfat), werfen Sie es richtig aus oder fahren Sie herunter, und sichern Sie dann noch einmal.',
  'raw-remedy/ext-size': 'Vergrößern Sie, worin es liegt, oder verkleinern Sie es mit resize2fs.',
  'raw-remedy/ext-check': 'Führen Sie „e2fsck -f“ darauf aus, und sichern Sie dann noch einmal.',
  'raw-remedy/ext-replay':
    'Hängen Sie es ein und wieder aus, oder führen Sie „e2fsck -p“ darauf aus, und sichern Sie dann noch einmal.',
  'raw-remedy/chkdsk': 'Führen Sie in Windows „chkdsk /f“ darauf aus.',
  'raw-remedy/windows-shutdown':
    'Starten Sie Windows, und fahren Sie es ganz herunter: halten Sie bei „Herunterfahren“ die Umschalttaste, oder führen Sie „shutdown /s /t 0“ aus; mit dem Schnellstart bleibt es sonst in Benutzung.',
  'raw-remedy/windows-check':
    'Führen Sie in Windows „chkdsk /f“ darauf aus, und fahren Sie dann ganz herunter: halten Sie bei „Herunterfahren“ die Umschalttaste, oder führen Sie „shutdown /s /t 0“ aus.',
  'raw-remedy/hibernated':
    'Starten Sie dieses System, fahren Sie es ganz herunter, und sichern Sie dann noch einmal.',
} satisfies Partial<Record<RemarkCode, string>>;
