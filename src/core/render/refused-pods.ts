import type { RefusedGroup, RefusedPods } from '../engine/refused-pods.ts';
import { type Language, type Locale, type Localized, localesOf, localize } from '../locale.ts';
import { printable } from './escape.ts';

/** Code points of one warning and of all in one language: beside them there may be findings. */
const longestWarning = 255;
const longestInAll = 1536;

const heading: Localized = {
  en: '{count} of {checked} existing pods in namespace {namespace} would be refused under its new labels',
  ja: '新しいラベルの下では、名前空間 {namespace} の既存の Pod {checked} 個のうち {count} 個が拒否されます',
};
const others = {
  none: { en: '{pod}: {refusals}', ja: '{pod}: {refusals}' },
  one: { en: '{pod} (and 1 other pod): {refusals}', ja: '{pod}（他 1 個）: {refusals}' },
  many: { en: '{pod} (and {count} other pods): {refusals}', ja: '{pod}（他 {count} 個）: {refusals}' },
} as const;
const more: Localized = { en: '… and {count} more groups of pods', ja: '… 他 {count} 組の Pod' };
const partial: Localized = {
  en: 'the new labels were only checked against the first {checked} of {total} existing pods',
  ja: '新しいラベルの影響は、既存の Pod {total} 個のうち最初の {checked} 個だけで確認しました',
};
const unread: Localized = {
  en: 'the new labels were only checked against {checked} existing pods: {problem}',
  ja: '新しいラベルの影響は、既存の Pod {checked} 個だけで確認しました: {problem}',
};

/** What would become of pods that are there, in every language one line for each group of them. */
export function refusedPodWarnings(namespace: string, refused: RefusedPods, language: Language): readonly string[] {
  return localesOf(language).flatMap((locale) => linesOf(namespace, refused, locale));
}

function linesOf(namespace: string, refused: RefusedPods, locale: Locale): readonly string[] {
  const { groups, checked } = refused;
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const values = { count: String(count), checked: String(checked), namespace: printable(namespace, 63) };
  const lines = partialLines(refused, locale);
  if (groups.length > 0) lines.push(localize(heading, locale, values));
  let used = 0;
  for (const [index, group] of groups.entries()) {
    const line = printable(groupLine(group, locale), longestWarning);
    used += line.length;
    if (used > longestInAll && index < groups.length - 1) {
      return [...lines, localize(more, locale, { count: String(groups.length - index) })];
    }
    lines.push(line);
  }
  return lines;
}

function partialLines({ checked, total, problem }: RefusedPods, locale: Locale): string[] {
  const values = { checked: String(checked), total: String(total), problem: printable(problem ?? '', 160) };
  if (problem !== undefined) return [printable(localize(unread, locale, values), longestWarning)];
  return total === undefined ? [] : [localize(partial, locale, values)];
}

function groupLine({ pod, count, refusals }: RefusedGroup, locale: Locale): string {
  const words = count === 1 ? others.none : count === 2 ? others.one : others.many;
  const texts = [...refusals].map(([policy, rules]) => `${policy} [${rules.join(' ')}]`);
  return localize(words, locale, { pod: printable(pod, 80), count: String(count - 1), refusals: texts.join(', ') });
}
