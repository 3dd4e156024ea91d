import type { Repair } from '../engine/repair.ts';
import { type Language, type Locale, type Localized, localesOf, localize } from '../locale.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import type { MergePatch } from '../pod/strategic-merge-patch.ts';
import type { PolicyMessage } from '../policy/pod-policy.ts';
import { byteLength, crossMark, printable } from './escape.ts';
import { type FindingGroup, translateGroups } from './finding-groups.ts';
import { formatMergePatch } from './flow-yaml.ts';
import { pluralForm } from './plural.ts';
import { policyNotes } from './policy-notes.ts';

/** What a person reads when `kubectl apply` is rejected. */
export interface Denial {
  readonly object: ObjectReference;
  /** What denied it, most severe first, in the first language. */
  readonly groups: readonly FindingGroup[];
  readonly repair: Repair | undefined;
  /** What the author has to decide, and where it has to stand. */
  readonly choices?: MergePatch | undefined;
  /** There were more findings than are kept. */
  readonly truncated: boolean;
  /** What policies add, by their names. */
  readonly messages: ReadonlyMap<string, PolicyMessage>;
  readonly id: string;
}

/** Bytes of UTF-8: what still fits one screen, and passes through kubectl, Argo CD and Flux whole. */
const longestMessage = 4096;
/** A patch longer than this would push the findings out. */
const longestPatch = 2048;
/** Bytes that a patch leaves to them where heads and notes are long. */
const leastForFindings = 512;
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
const preexisting: Localized = {
  en: '  preexisting: the old template has it too, but pods of the new one would be refused',
  ja: '  変更前から: 元のテンプレートにもありますが、新しいテンプレートの Pod は拒否されます',
};
const changes: Localized = {
  en: 'These changes satisfy {satisfied} of {count}:',
  ja: '次の変更で {count} 件中 {satisfied} 件が解消します:',
};
const choice: Localized = { en: 'Yours to choose:', ja: 'ご自身で決める値:' };
const footer: Localized = {
  en: 'More: sekisho explain {rules}     Id: {id}',
  ja: '詳細: sekisho explain {rules}     Id: {id}',
};

/** The text, with marks for its crosses. In two languages the findings stand twice, and what is no prose once. */
export function denialMessage(denial: Denial, language: Language): string {
  const { groups, messages, id } = denial;
  const locales = localesOf(language);
  const [first] = locales;
  const names = policyNames(groups);
  const known = groups.some(({ finding }) => finding.preexisting);
  const heads = locales.map((locale) => headingLine(denial, names, locale));
  const remarks = known ? locales.map((locale) => preexisting[locale]) : [];
  const end = [...policyNotes(names, messages, locales), localize(footer, first, { rules: someRules(groups), id })];
  let room = longestMessage - byteLength([...heads, ...remarks, ...end].join('\n')) - 2;
  const patch = patchText(denial, first);
  const patchBytes = byteLength(patch) + 1;
  const patched = patch !== '' && patchBytes <= Math.min(longestPatch, room - leastForFindings);
  if (patched) room -= patchBytes;
  const choices = choicesText(denial, first);
  const chosen = choices !== '' && byteLength(choices) < room - leastForFindings;
  if (chosen) room -= byteLength(choices) + 1;
  const lines: string[] = [];
  for (const [index, locale] of locales.entries()) {
    const translated = index === 0 ? groups : translateGroups(groups, locale);
    const share = Math.floor(room / (locales.length - index));
    const found = findingLines(translated, { room: share, locale, naming: names.length > 1 });
    if (locales.length > 1) room -= byteLength(found.join('\n')) + crossBytes * found.length + 1;
    lines.push(heads[index] ?? '', ...found);
    if (known) lines.push(remarks[index] ?? '');
  }
  if (patched) lines.push(patch);
  if (chosen) lines.push(choices);
  lines.push(...end);
  return lines.join('\n');
}

function headingLine(denial: Denial, names: readonly string[], locale: Locale): string {
  const { object, groups, truncated } = denial;
  return localize(heading, locale, {
    object: objectText(object),
    count: localize(truncated ? violations.many : pluralForm(violations, groups.length), locale, {
      count: countOf(denial),
    }),
    policies: localize(pluralForm(policies, names.length), locale, { names: someNames(names, 5) }),
  });
}

function countOf({ groups, truncated }: Denial): string {
  return `${groups.length}${truncated ? '+' : ''}`;
}

/** `Deployment shop/web`, safe to print. */
export function objectText({ kind, namespace, name }: ObjectReference): string {
  const place = namespace === '' ? name : `${namespace}/${name}`;
  return `${printable(kind, 63)} ${printable(place, 160)}`;
}

function patchText(denial: Denial, locale: Locale): string {
  if (denial.repair === undefined) return '';
  const { patch, satisfied } = denial.repair;
  return `${changesHeading(satisfied, countOf(denial), locale)}\n  ${formatMergePatch(patch)}`;
}

function choicesText({ choices }: Denial, locale: Locale): string {
  return choices === undefined ? '' : `${choice[locale]}\n  ${formatMergePatch(choices)}`;
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
/** What a cross takes more than its mark. */
const crossBytes = 2;

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
