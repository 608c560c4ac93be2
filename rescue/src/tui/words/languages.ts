/** The languages that the UI speaks. */

export type Language = 'en' | 'de';

/** In the order in which they are offered, by their own names. */
export const languages: readonly { readonly id: Language; readonly name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'de', name: 'Deutsch' },
];

/** The one after `language`, in that order. */
export function nextLanguage(language: Language): (typeof languages)[number] {
  return languages[(languages.findIndex(({ id }) => id === language) + 1) % languages.length]!;
}

/** The language of a locale such as `de_AT.UTF-8`; English where it is none of ours. */
export function languageOf(locale: string | undefined): Language {
  return locale?.toLowerCase().startsWith('de') === true ? 'de' : 'en';
}
