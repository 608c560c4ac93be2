/** The image starts as people start it. From a CD on BIOS and on UEFI it does so in the scenarios of jobs as well. */
import { startsOn } from '../src/starts-on.ts';

startsOn('bios', 'usb');
startsOn('secure-boot', 'cd');
startsOn('secure-boot', 'usb');
