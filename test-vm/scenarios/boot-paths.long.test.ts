/** The image starts on the firmwares and from the media that boot-paths.test.ts leaves to this one. */
import { startsOn } from '../src/starts-on.ts';

startsOn('bios', 'cd');
startsOn('uefi', 'cd');
startsOn('uefi', 'usb');
