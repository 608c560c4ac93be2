/**
 * How many cells a text takes on a terminal: every character that the UI draws takes one (text.ts). In the executable
 * Ink measures with this (scripts/bundle-tui.ts): what it measures with otherwise knows every emoji, which
 * took a tenth of the time to the first picture.
 */
import { stripVTControlCharacters } from 'node:util';

export function cellWidth(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
