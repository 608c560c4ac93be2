/** The entry of the UI's bundle. What Ink stands on has to be there before Ink is loaded (scripts/bundle-tui.ts). */
import type { Plain, Tui } from './load-tui.ts';

export async function openTui(): Promise<Tui> {
  return import('./start.ts');
}

export async function openPlain(): Promise<Plain> {
  return import('./plain/run-plain.ts');
}
