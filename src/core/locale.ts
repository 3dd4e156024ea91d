/** The languages every text of a rule exists in. */
export type Locale = 'en' | 'ja';

export const locales: readonly Locale[] = ['en', 'ja'];

/** What an installation speaks to people: one language, or each after the other. */
export type Language = Locale | 'both';

export const languages: readonly Language[] = [...locales, 'both'];

const printed: Readonly<Record<Language, readonly [Locale, ...Locale[]]>> = {
  en: ['en'],
  ja: ['ja'],
  both: ['en', 'ja'],
};

/** The languages of a text for people, in the order in which they are printed. */
export function localesOf(language: Language): readonly [Locale, ...Locale[]] {
  return printed[language];
}

/** One text in every language; chosen when it is printed, never before. */
export type Localized = Readonly<Record<Locale, string>>;

/** Picks a language and fills `{name}` placeholders. A placeholder without a value stays visible: a bug should show. */
export function localize(text: Localized, locale: Locale, values?: Readonly<Record<string, string>>): string {
  const template = text[locale];
  return values === undefined ? template : fill(template, values);
}

/** Templates taken apart: text, name, text, name, … text. They stand in the source, so there are as many as there are. */
const parts = new Map<string, readonly string[]>();

/** Splits a template once: a denial fills some thirty, and replacing by pattern each time costs a tenth of it. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  let split = parts.get(template);
  if (split === undefined) {
    split = template.split(/\{(\w+)\}/);
    parts.set(template, split);
  }
  let filled = split[0] ?? '';
  for (let i = 1; i < split.length; i += 2) {
    const name = split[i] ?? '';
    filled += (Object.hasOwn(values, name) ? values[name] : `{${name}}`) + (split[i + 1] ?? '');
  }
  return filled;
}

/** `ja`, `ja_JP.UTF-8`, `ja-JP` are Japanese; everything else, also nothing, is English. */
export function parseLocale(tag: string | undefined): Locale {
  return tag !== undefined && /^ja(?:$|[_.@-])/i.test(tag) ? 'ja' : 'en';
}
