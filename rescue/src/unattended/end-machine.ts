/** Switches the machine off, or starts it again. */
import { PermafrostError, runProgram } from '../engine/index.ts';

/** Throws `job-file/end` if the system does not do it. */
export async function endMachine(action: 'power-off' | 'reboot'): Promise<void> {
  await runProgram({ program: 'sync', args: [], limitMs: 60_000 });
  const program = action === 'reboot' ? 'reboot' : 'poweroff';
  const { code, problem } = await runProgram({ program, args: [], limitMs: 60_000 });
  if (code !== 0) throw new PermafrostError('job-file/end', { action, problem });
}
