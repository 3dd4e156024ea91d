/** The languages every text of a rule exists in. */
export type Locale = 'en' | 'ja';

export const locales: readonly Locale[] = ['en', 'ja'];

/** One text in every language; chosen when it is printed, never before. */
export type Localized = Readonly<Record<Locale, string>>;

/** Picks a language and fills `{name}` placeholders. A placeholder without a value stays visible: a bug should show. */
export function localize(text: Localized, locale: Locale, values?: Readonly<Record<string, string>>): string {
  const template = text[locale];
  if (values === undefined) return template;
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
}

/** `ja`, `ja_JP.UTF-8`, `ja-JP` are Japanese; everything else, also nothing, is English. */
export function parseLocale(tag: string | undefined): Locale {
  return tag !== undefined && /^ja(?:$|[_.@-])/i.test(tag) ? 'ja' : 'en';
}
