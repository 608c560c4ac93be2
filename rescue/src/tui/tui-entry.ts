/** The entry of the UI's bundle. What Ink stands on has to be there before Ink is loaded (scripts/bundle-tui.ts). */
import type { Tui } from './load-tui.ts';

export async function openTui(): Promise<Tui> {
  return import('./start.ts');
}
