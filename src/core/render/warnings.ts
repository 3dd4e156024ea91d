import { type Language, type Locale, type Localized, localesOf, localize } from '../locale.ts';
import { printable } from './escape.ts';
import { type FindingGroup, translateGroups } from './finding-groups.ts';

/**
 * Limits of the API server (apiserver/pkg/endpoints/filters/warning.go): beyond them it cuts every warning, and one with
 * a control character is dropped silently. Counted in code points there; bytes would be stricter, so these are safe.
 */
const longestWarning = 256;
const longestInAll = 4096;

const more: Localized = { en: '… and {count} more findings', ja: '… 他 {count} 件' };

const letThrough: Localized = {
  en: 'admitted, but its pods will be refused: ',
  ja: '受け付けましたが、その Pod は拒否されます: ',
};

/** What warnings are of. */
export interface Warned {
  /** In the first language. */
  readonly groups: readonly FindingGroup[];
  readonly allowed: boolean;
}

/** In every language one line for each finding, all within the API server's limits. */
export function formatWarnings({ groups, allowed }: Warned, language: Language): readonly string[] {
  const [first, ...others] = localesOf(language);
  const limit = longestInAll / (1 + others.length);
  return [
    ...linesOf({ groups, allowed }, first, limit),
    ...others.flatMap((locale) => linesOf({ groups: translateGroups(groups, locale), allowed }, locale, limit)),
  ];
}

/** The last line says how many were left out. */
function linesOf({ groups, allowed }: Warned, locale: Locale, limit: number): readonly string[] {
  const lines: string[] = [];
  let used = 0;
  for (const [index, group] of groups.entries()) {
    // Where something else denies, nothing is admitted.
    const lead = allowed && group.finding.letThrough ? letThrough[locale] : '';
    const line = printable(lead + findingSentence(group), longestWarning - 1);
    used += line.length;
    if (used > limit - longestWarning && index < groups.length - 1) {
      return [...lines, localize(more, locale, { count: String(groups.length - index) })];
    }
    lines.push(line);
  }
  return lines;
}

/** A finding in one line that stands by itself: `production: spec.hostPID is true, must be unset or false [hostNamespaces]`. */
export function findingSentence({ finding, policies, path, message }: FindingGroup): string {
  return `${policies.slice(0, 3).join(', ')}: ${path === '' ? '' : `${path} `}${message} [${finding.rule.id}]`;
}
