/** Everything that the UI says, in one language. A language that lacks a text does not compile. */
import { de } from './de/de.ts';
import { en } from './en/en.ts';
import type { Language } from './languages.ts';

export type Words = typeof en;

const all: Readonly<Record<Language, Words>> = { en, de };

export function wordsOf(language: Language): Words {
  return all[language];
}
