import { type Language, type Locale, type Localized, localesOf, localize } from '../locale.ts';
import { printable } from './escape.ts';
import { type FindingGroup, translateGroups } from './finding-groups.ts';
import { excuseText } from './finding-text.ts';

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

/** Of what an exception excuses only for a few days more; by mode, what happens then. */
const expiring = {
  Enforce: { en: '{excuse}: {finding} will be refused', ja: '{excuse}: {finding} 以後は拒否されます' },
  Warn: { en: '{excuse}: {finding} will be warned of', ja: '{excuse}: {finding} 以後は警告されます' },
} as const;

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
    const line = lineOf(group, locale, allowed);
    used += line.length;
    if (used > limit - longestWarning && index < groups.length - 1) {
      return [...lines, localize(more, locale, { count: String(groups.length - index) })];
    }
    lines.push(line);
  }
  return lines;
}

function lineOf(group: FindingGroup, locale: Locale, allowed: boolean): string {
  const { exception, mode, letThrough: passes } = group.finding;
  if (exception === undefined) {
    // Where something else denies, nothing is admitted.
    const lead = allowed && passes ? letThrough[locale] : '';
    return printable(lead + findingSentence(group), longestWarning - 1);
  }
  const words = mode === 'Enforce' ? expiring.Enforce : expiring.Warn;
  const excuse = excuseText(exception, locale);
  // Cut in the middle: the last words say what will happen.
  const room = longestWarning - 1 - localize(words, locale, { excuse, finding: '' }).length;
  return localize(words, locale, { excuse, finding: printable(placedSentence(group), room) });
}

/** A finding in one line that stands by itself: `production: spec.hostPID is true, must be unset or false [hostNamespaces]`. */
export function findingSentence(group: FindingGroup): string {
  return `${group.policies.slice(0, 3).join(', ')}: ${placedSentence(group)}`;
}

function placedSentence({ finding, path, message }: FindingGroup): string {
  return `${path === '' ? '' : `${path} `}${message} [${finding.rule.id}]`;
}
