/** A restored disk starts the system that is on it, as the original did. */
import { restoresAndStarts } from '../src/guest-os/restored.ts';

restoresAndStarts({ layout: 'uefi-gpt', bus: 'nvme' });
