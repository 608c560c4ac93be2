/** Asks whoever sits at the console to name each disk before it is overwritten. */
import { createInterface } from 'node:readline';
import { confirmationText, listDisks, PermafrostError, type Plan } from '../engine/index.ts';
import type { Output } from './output.ts';

/** Asks for the text that tells each target apart. Throws `plan/not-confirmed`. */
export async function confirm(plan: Plan, output: Output, signal: AbortSignal): Promise<void> {
  // Two disks whose serials end alike must not be told apart by that end.
  const others = await listDisks();
  const prompt = createInterface({ input: process.stdin, output: process.stderr, prompt: '> ', signal });
  // Lines that were piped in together must not be lost between two questions, and no line at all is a no.
  const answers = prompt[Symbol.asyncIterator]();
  try {
    for (const { identity } of plan.disks) {
      const wanted = confirmationText(identity, others);
      const what = wanted.includes(identity.path)
        ? 'size in bytes and path'
        : 'last 4 characters of its serial number';
      output.say(`To overwrite ${identity.path}, type the ${what} ("${wanted}").`);
      prompt.prompt();
      const { value: answer = '' } = await answers.next();
      if (signal.aborted) throw new PermafrostError('job/cancelled', { kept: 'Nothing was written.' });
      if (answer.trim() !== wanted)
        throw new PermafrostError('plan/not-confirmed', { device: identity.path });
    }
  } finally {
    prompt.close();
  }
}
