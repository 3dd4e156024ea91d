import { type Locale, type Localized, localize } from '../locale.ts';
import { apiVersion } from '../policy/pod-policy.ts';
import { podRules } from '../rules/groups.ts';
import { type CheckedFinding, type CheckOutcome, type CheckSummary, toCheckResult } from './check-result.ts';
import { printable } from './escape.ts';
import { countText, type Plural } from './plural.ts';
import { paint, renderTable, type TableStyle } from './table.ts';
import { type ChangedText, unifiedDiff } from './unified-diff.ts';

/** A file that was changed, or would be. */
export interface RepairedFile extends ChangedText {
  /** How many violations the changes end. */
  readonly violations: number;
}

/** Why something was left that a rule knows a value for. */
export interface RefusedRepair {
  readonly file: string;
  /** Absent where it is about the file as a whole. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** What was repaired, and in `violating` what is left. */
export interface FixOutcome extends CheckOutcome {
  /** Nothing was written. */
  readonly dryRun: boolean;
  readonly repaired: readonly RepairedFile[];
  readonly refused: readonly RefusedRepair[];
}

/** What `-o json` and `-o yaml` print; programs rely on it. */
export interface FixResult {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'FixResult';
  readonly dryRun: boolean;
  /** `diff` only of a dry run. */
  readonly repaired: readonly { readonly file: string; readonly violations: number; readonly diff?: string }[];
  readonly refused: readonly RefusedRepair[];
  /** Of what is left; the same as `check` prints. */
  readonly summary: CheckSummary;
  readonly findings: readonly CheckedFinding[];
}

export function toFixResult(outcome: FixOutcome, locale: Locale): FixResult {
  const { dryRun, refused } = outcome;
  const { summary, findings } = toCheckResult(outcome, locale);
  const repaired = outcome.repaired.map((file) => ({
    file: file.file,
    violations: file.violations,
    ...(dryRun && { diff: unifiedDiff(file, { color: false }) }),
  }));
  return { apiVersion, kind: 'FixResult', dryRun, repaired, refused, summary, findings };
}

const done: Localized = { en: 'Repaired {violations} in {files}:', ja: '{files}の違反 {violations}を修正しました:' };
const possible: Localized = {
  en: 'Would repair {violations} in {files}:',
  ja: '{files}の違反 {violations}を修正できます:',
};
const violations: Plural = {
  one: { en: '1 violation', ja: '1 件' },
  many: { en: '{count} violations', ja: '{count} 件' },
};
const files: Plural = {
  one: { en: '1 file', ja: '1 個のファイル' },
  many: { en: '{count} files', ja: '{count} 個のファイル' },
};
const left: Localized = { en: 'What is left to change by hand:', ja: '手作業で変更が必要なもの:' };

/** For people: what changed, or the difference that it would make; then what is left, as `check` shows it, and its remedies. */
export function renderFixTable(outcome: FixOutcome, style: TableStyle): string {
  const diffs = outcome.dryRun ? outcome.repaired.map((file) => unifiedDiff(file, style)).join('') : '';
  const parts = [diffs, repairedText(outcome, style), renderTable(outcome, style), remedies(outcome, style)];
  return parts.filter((part) => part !== '').join('\n');
}

function repairedText({ repaired, dryRun }: FixOutcome, style: TableStyle): string {
  if (repaired.length === 0) return '';
  const { locale } = style;
  const sum = repaired.reduce((count, file) => count + file.violations, 0);
  const heading = localize(dryRun ? possible : done, locale, {
    violations: countText(violations, sum, locale),
    files: countText(files, repaired.length, locale),
  });
  const lines = repaired.map((file) => {
    return `  ${printable(file.file, 1024)}  ${paint(countText(violations, file.violations, locale), 2, style)}`;
  });
  return `${[paint(heading, 1, style), ...lines].join('\n')}\n`;
}

/** Each once, however often its rule is broken. */
function remedies({ violating }: FixOutcome, style: TableStyle): string {
  const ids = new Set<string>();
  for (const { findings } of violating) {
    for (const { finding } of findings) if (!finding.error && finding.exception === undefined) ids.add(finding.rule.id);
  }
  const lines = podRules.flatMap(({ id, fix }) =>
    ids.has(id) ? [`  ${paint(id, 1, style)}: ${fix[style.locale]}`] : [],
  );
  return lines.length === 0 ? '' : `${[left[style.locale], ...lines].join('\n')}\n`;
}
