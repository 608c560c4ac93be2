/**
 * Looks now and then whether the server of a mounted share still answers: a hard mount waits for it in silence, and a
 * person should know for what.
 */
import { answers, type Server } from './network.ts';

const EVERY_MS = 10_000;
const ANSWER_LIMIT_MS = 5000;

/** Calls `onChange` when the server stops answering and when it answers again; the result ends the watch. */
export function watchServer(
  server: Server,
  onChange: (isThere: boolean) => void,
  everyMs = EVERY_MS,
): () => void {
  let isThere = true;
  let asking = false;
  let ended = false;
  const look = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    const now = await answers(server, ANSWER_LIMIT_MS);
    asking = false;
    // A watch that has ended says nothing more, but that what it said is over.
    if (ended || now === isThere) return;
    isThere = now;
    onChange(now);
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return () => {
    ended = true;
    clearInterval(timer);
    if (!isThere) onChange(true);
  };
}
