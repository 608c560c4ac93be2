/** Imported before the engine: gives this test file, and the programs it starts, a /run/permafrost of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const runDir = mkdtempSync(join(tmpdir(), 'permafrost-run-'));
process.env['PERMAFROST_RUN_DIR'] = runDir;
process.on('exit', () => rmSync(runDir, { recursive: true, force: true }));
