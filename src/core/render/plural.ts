import { type Locale, type Localized, localize } from '../locale.ts';

/** Words that depend on how many there are; `{count}` stands for the number. */
export interface Plural {
  readonly one: Localized;
  readonly many: Localized;
}

export function pluralForm(words: Plural, count: number): Localized {
  return count === 1 ? words.one : words.many;
}

/** `1 object`, `2 objects`. */
export function countText(words: Plural, count: number, locale: Locale): string {
  return localize(pluralForm(words, count), locale, { count: String(count) });
}
