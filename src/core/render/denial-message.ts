import type { Repair } from '../engine/repair.ts';
import { type Locale, type Localized, localize } from '../locale.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import { byteLength, crossMark, printable } from './escape.ts';
import type { FindingGroup } from './finding-groups.ts';
import { formatMergePatch } from './flow-yaml.ts';

/** What a person reads when `kubectl apply` is rejected. */
export interface Denial {
  readonly object: ObjectReference;
  /** What denied it, most severe first. */
  readonly groups: readonly FindingGroup[];
  readonly repair: Repair | undefined;
  /** There were more findings than are kept. */
  readonly truncated: boolean;
  readonly id: string;
}

/** Bytes of UTF-8: what still fits one screen, and passes through kubectl, Argo CD and Flux whole. */
const longestMessage = 4096;
/** A patch longer than this would push the findings out. */
const longestPatch = 2048;
/** Where rule ids line up, unless a line is longer. */
const widestColumn = 96;

const heading: Localized = {
  en: '{object}: {count} of {policies}',
  ja: '{object}: {policies} の違反 {count}',
};
const violations = {
  one: { en: '1 violation', ja: '1 件' },
  many: { en: '{count} violations', ja: '{count} 件' },
} as const;
const policies = {
  one: { en: 'policy {names}', ja: 'ポリシー {names}' },
  many: { en: 'policies {names}', ja: 'ポリシー {names}' },
} as const;
const more: Localized = { en: '  … and {count} more', ja: '  … 他 {count} 件' };
const changes: Localized = {
  en: 'These changes satisfy {satisfied} of {count}:',
  ja: '次の変更で {count} 件中 {satisfied} 件が解消します:',
};
const footer: Localized = {
  en: 'More: sekisho explain {rules}     Id: {id}',
  ja: '詳細: sekisho explain {rules}     Id: {id}',
};

/** The text, with marks for its crosses. */
export function denialMessage({ object, groups, repair, truncated, id }: Denial, locale: Locale): string {
  const count = `${groups.length}${truncated ? '+' : ''}`;
  const names = policyNames(groups);
  const head = localize(heading, locale, {
    object: objectText(object),
    count: localize(groups.length === 1 ? violations.one : violations.many, locale, { count }),
    policies: localize(names.length === 1 ? policies.one : policies.many, locale, { names: someNames(names, 5) }),
  });
  const patch = repair === undefined ? [] : patchLines(repair, count, locale);
  const foot = localize(footer, locale, { rules: someRules(groups), id });
  const room = longestMessage - byteLength([head, ...patch, foot].join('\n')) - 2;
  return [head, ...findingLines(groups, { room, locale, naming: names.length > 1 }), ...patch, foot].join('\n');
}

/** `Deployment shop/web`, safe to print. */
export function objectText({ kind, namespace, name }: ObjectReference): string {
  const place = namespace === '' ? name : `${namespace}/${name}`;
  return `${printable(kind, 63)} ${printable(place, 160)}`;
}

function patchLines({ patch, satisfied }: Repair, count: string, locale: Locale): readonly string[] {
  const text = formatMergePatch(patch);
  if (byteLength(text) > longestPatch) return [];
  return [changesHeading(satisfied, count, locale), `  ${text}`];
}

/** Above a patch, wherever one is shown: how many of the violations it ends. */
export function changesHeading(satisfied: number, count: string, locale: Locale): string {
  return localize(changes, locale, { satisfied: String(satisfied), count });
}

interface LineOptions {
  /** Bytes that all lines together may take. */
  readonly room: number;
  readonly locale: Locale;
  /** Whether each line says which policies mind it. */
  readonly naming: boolean;
}

/** Before every finding; the cross takes three bytes. */
const bullet = `  ${crossMark} `;
const bulletBytes = 6;

function findingLines(groups: readonly FindingGroup[], { room, locale, naming }: LineOptions): readonly string[] {
  const texts = groups.map(({ path, message }) => (path === '' ? message : `${path}  ${message}`));
  const column = texts.reduce((widest, { length }) => (length <= widestColumn ? Math.max(widest, length) : widest), 0);
  const reserve = byteLength(localize(more, locale, { count: String(groups.length) })) + 1;
  const lines: string[] = [];
  let used = 0;
  for (const [index, group] of groups.entries()) {
    const line = `${(texts[index] ?? '').padEnd(column)}   [${tag(group, naming)}]`;
    used += bulletBytes + byteLength(line) + 1;
    if (used + (index === groups.length - 1 ? 0 : reserve) > room) {
      return [...lines, localize(more, locale, { count: String(groups.length - index) })];
    }
    lines.push(bullet + line);
  }
  return lines;
}

function tag({ finding, policies: names }: FindingGroup, naming: boolean): string {
  return naming ? `${finding.rule.id} · ${someNames(names, 3)}` : finding.rule.id;
}

function policyNames(groups: readonly FindingGroup[]): readonly string[] {
  const [first] = groups;
  // One policy for all: the ordinary case.
  if (
    first !== undefined &&
    groups.every(({ policies: names }) => names.length === 1 && names[0] === first.policies[0])
  ) {
    return first.policies;
  }
  return [...new Set(groups.flatMap((group) => group.policies))].sort();
}

function someNames(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).map((name) => printable(name, 63));
  return names.length > most ? `${shown.join(', ')} +${names.length - most}` : shown.join(', ');
}

/** Error findings have no rule that could be explained. */
function someRules(groups: readonly FindingGroup[]): string {
  const ids = new Set(groups.filter(({ finding }) => !finding.error).map(({ finding }) => finding.rule.id));
  return [...ids].slice(0, 10).join(' ');
}
