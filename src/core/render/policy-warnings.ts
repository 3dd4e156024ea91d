import { type Language, type Localized, localesOf, localize } from '../locale.ts';
import { printable } from './escape.ts';

/** Code points: the limit of the API server for one warning. */
const longestWarning = 255;

const texts = {
  nameTaken: {
    en: 'a file, or a built-in policy, has the name {names} already: this object has no effect until it has another name',
    ja: '同じ名前 {names} のものがファイルまたは組み込みのポリシーにあります。別の名前にするまで、このオブジェクトは効果を持ちません',
  },
  unknownPolicy: {
    en: 'spec.policies: there is no policy {names}: the exception has no effect until there is',
    ja: 'spec.policies: ポリシー {names} がありません。作成されるまで、この例外は効果を持ちません',
  },
  unknownRule: {
    en: 'spec.policies: there is no rule {names}, so the exception has no effect; sekisho explain lists the rules',
    ja: 'spec.policies: ルール {names} がないため、この例外は効果を持ちません。ルールの一覧は sekisho explain で確認できます',
  },
  expired: {
    en: 'spec.expiresAt is over: the exception has no effect',
    ja: 'spec.expiresAt を過ぎているため、この例外は効果を持ちません',
  },
  broad: {
    en: 'spec.match.images does not bind the exception to images by digest: whoever writes an object decides what it covers',
    ja: 'spec.match.images でイメージのダイジェストが指定されていません。例外の対象は、オブジェクトを書く側が自由に決められます',
  },
} as const satisfies Record<string, Localized>;

/** What the author of a policy or an exception should know, though it is no mistake. */
export interface PolicyWarning {
  readonly about: keyof typeof texts;
  readonly names?: readonly string[];
}

/** In every language one line for each. */
export function policyWarnings(warnings: readonly PolicyWarning[], language: Language): readonly string[] {
  return localesOf(language).flatMap((locale) =>
    warnings.map(({ about, names = [] }) => {
      const values = { names: printable(names.join(', '), 120) };
      return printable(localize(texts[about], locale, values), longestWarning);
    }),
  );
}
