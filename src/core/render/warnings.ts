import { type Locale, type Localized, localize } from '../locale.ts';
import { printable } from './escape.ts';
import type { FindingGroup } from './finding-groups.ts';

/**
 * Limits of the API server (apiserver/pkg/endpoints/filters/warning.go): beyond them it cuts every warning, and one with
 * a control character is dropped silently. Counted in code points there; bytes would be stricter, so these are safe.
 */
const longestWarning = 256;
const longestInAll = 4096;

const more: Localized = { en: '… and {count} more findings', ja: '… 他 {count} 件' };

/** One line for each finding, within the API server's limits; the last says how many were left out. */
export function formatWarnings(groups: readonly FindingGroup[], locale: Locale): readonly string[] {
  const lines: string[] = [];
  let used = 0;
  for (const [index, group] of groups.entries()) {
    const line = printable(findingSentence(group), longestWarning - 1);
    used += line.length;
    if (used > longestInAll - longestWarning && index < groups.length - 1) {
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
