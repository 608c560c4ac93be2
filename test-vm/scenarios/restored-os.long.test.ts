/** Other layouts, and disks that are not what they were: a restored disk starts the system that is on it. */
import { restoresAndStarts } from '../src/guest-os/restored.ts';

restoresAndStarts({ layout: 'bios-gpt', bus: 'virtio' });
restoresAndStarts({ layout: 'uefi-btrfs', bus: 'virtio' });
restoresAndStarts({ layout: 'bios-lvm', bus: 'virtio' });
restoresAndStarts({
  layout: 'bios-gpt',
  bus: 'scsi',
  target: { bus: 'nvme', sizeMiB: 1024, options: 'grow: 2' },
});
