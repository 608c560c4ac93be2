/** Name and version of the program: in reports, images and `--version`. */
export const VERSION = '0.1.0';
export const PROGRAM = `permafrost ${VERSION}`;
