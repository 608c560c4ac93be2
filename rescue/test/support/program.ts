/** How tests start the program: as the suite built it, else from its sources, as one file run by hand does. */
import { join } from 'node:path';

const built = process.env['PERMAFROST_PROGRAM'];

/**
 * The command that the program's arguments follow. `scripts/test.ts` names the executable that it has just built: what is
 * shipped is what is tested, and a start takes a third of the time that it takes from the sources.
 */
export const program: readonly [string, ...string[]] =
  built === undefined || built === ''
    ? [process.execPath, join(import.meta.dirname, '../../src/main.ts')]
    : [built];
