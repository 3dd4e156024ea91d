import { denies, type Finding } from '../engine/decision.ts';
import { type Locale, type Localized, localize } from '../locale.ts';
import type { Mode } from '../policy/mode.ts';
import { type CheckFormat, renderOutcome } from './check-format.ts';
import type { CheckedObject, CheckOutcome, CheckSummary, PlacedFinding } from './check-result.ts';
import { type CheckTally, summaryOf } from './check-tally.ts';
import { displayWidth } from './columns.ts';
import { changesHeading, objectText } from './denial-message.ts';
import { printable } from './escape.ts';
import { groupFindings } from './finding-groups.ts';
import { excuseText } from './finding-text.ts';
import { formatMergePatch } from './flow-yaml.ts';
import { countText } from './plural.ts';

/** How a person wants to read it. */
export interface TableStyle {
  readonly locale: Locale;
  readonly color: boolean;
}

/** Beside that: */
export interface CheckStyle extends TableStyle {
  /** Several policies may have a say, so each finding names its own. */
  readonly naming: boolean;
}

const modeNames: Readonly<Record<Mode, Localized>> = {
  Enforce: { en: 'deny', ja: '拒否' },
  Warn: { en: 'warn', ja: '警告' },
  Audit: { en: 'audit', ja: '監査' },
};
const modeColors: Readonly<Record<Mode, number>> = { Enforce: 31, Warn: 33, Audit: 36 };
const errorName: Localized = { en: 'error', ja: 'エラー' };
const errorColor = 35;

const excusedName: Localized = { en: 'excused', ja: '例外' };
const excusedColor = 32;

const clean: Localized = { en: 'Checked {objects}: no violations.', ja: '{objects}を検査しました。違反はありません。' };
const counted: Localized = {
  en: 'Checked {objects}: {deny} denied, {warn} warned of, {audit} audited, {error}.',
  ja: '{objects}を検査しました: 拒否 {deny} 件、警告 {warn} 件、監査 {audit} 件、{error}。',
};
const excused: Localized = { en: ' {count} excused.', ja: '例外 {count} 件。' };
const objects = {
  one: { en: '1 object', ja: '1 個のオブジェクト' },
  many: { en: '{count} objects', ja: '{count} 個のオブジェクト' },
} as const;
const errors = {
  one: { en: '1 error', ja: 'エラー 1 件' },
  many: { en: '{count} errors', ja: 'エラー {count} 件' },
} as const;
const more: Localized = { en: 'More: sekisho explain {rules}', ja: '詳細: sekisho explain {rules}' };

const longestPatch = 4096;

/** Of what was kept: policies are named where several found something. */
export function renderTable(outcome: CheckOutcome, style: TableStyle): string {
  const policies = new Set(outcome.violating.flatMap(({ findings }) => findings.map(({ finding }) => finding.policy)));
  return renderOutcome(tableFormat({ ...style, naming: policies.size > 1 }), outcome);
}

/** For people: by file and object, one line for each violation, then what to change, then the sum. */
export function tableFormat(style: CheckStyle): CheckFormat {
  return {
    head: '',
    object(object, first) {
      const heading = first ? [paint(printable(object.file, 1024), 1, style)] : [];
      const name = `  ${objectText(object.reference)}`;
      return [...heading, name, ...findingLines(object, style), ...patchLines(object, style)].join('\n');
    },
    between: { objects: '\n', files: '\n\n' },
    foot: (tally, any) => `${any ? '\n\n' : ''}${sumLines(tally, style).join('\n')}\n`,
  };
}

function sumLines(tally: CheckTally, style: TableStyle): readonly string[] {
  const rules = [...tally.rules].join(' ');
  const sum = summaryLine(summaryOf(tally), style);
  return rules === '' ? [sum] : [sum, localize(more, style.locale, { rules })];
}

function findingLines(object: CheckedObject, style: CheckStyle): readonly string[] {
  const { findings } = object;
  const groups = groupFindings(
    findings.map(({ finding }) => finding),
    style.locale,
  );
  const placed = new Map(findings.map((each) => [each.finding, each]));
  const places = groups.map(({ finding }) => place(object, placed.get(finding), style));
  const widest = places.reduce((width, text) => Math.max(width, displayWidth(text)), 0);
  return groups.map(({ finding, policies, path, message }, index) => {
    const container = finding.container === undefined ? '' : ` (${printable(finding.container, 63)})`;
    const tag = [
      finding.rule.id,
      ...(style.naming ? [policies.map((name) => printable(name, 63)).join(', ')] : []),
      ...(finding.exception ? [excuseText(finding.exception, style.locale)] : []),
    ].join(' · ');
    const mode = consequence(finding, style);
    const where = places[index] ?? '';
    const at = paint(where + ' '.repeat(widest - displayWidth(where)), 2, style);
    const what = `${path === '' ? '' : `${path}${container}  `}${message}`;
    return `    ${at}  ${mode}  ${what}  ${paint(`[${tag}]`, 2, style)}`;
  });
}

/** What a finding leads to. */
function consequence({ error, exception, mode }: Finding, style: TableStyle): string {
  if (error) return paint(errorName[style.locale], errorColor, style);
  if (exception !== undefined) return paint(excusedName[style.locale], excusedColor, style);
  return paint(modeNames[mode][style.locale], modeColors[mode], style);
}

const renderedAt: Localized = { en: '{source} (rendered line {line})', ja: '{source} (出力の {line} 行目)' };

/** A line of what was rendered is none of the template: nobody could tell which one it was made of. */
function place(object: CheckedObject, placed: PlacedFinding | undefined, { locale }: TableStyle): string {
  const { file, template, rendered } = object;
  const line = String(placed?.line ?? 1);
  if (template === undefined && !rendered) return `${printable(file, 1024)}:${line}:${placed?.column ?? 1}`;
  return localize(renderedAt, locale, { source: printable(template ?? file, 1024), line });
}

function patchLines({ findings, repair }: CheckedObject, style: TableStyle): readonly string[] {
  if (repair === undefined) return [];
  const patch = formatMergePatch(repair.patch);
  if (patch.length > longestPatch) return [];
  const enforced = findings.map(({ finding }) => finding).filter(denies);
  const denied = groupFindings(enforced, style.locale);
  return [`    ${changesHeading(repair.satisfied, String(denied.length), style.locale)}`, `      ${patch}`];
}

function summaryLine(summary: CheckSummary, style: TableStyle): string {
  const numbers = Object.fromEntries(Object.entries(summary).map(([name, count]) => [name, String(count)]));
  const values = {
    ...numbers,
    objects: countText(objects, summary.objects, style.locale),
    error: countText(errors, summary.error, style.locale),
  };
  const none = summary.deny + summary.warn + summary.audit + summary.error === 0;
  const text = localize(none ? clean : counted, style.locale, values);
  const rest = summary.excused === 0 ? '' : localize(excused, style.locale, { count: String(summary.excused) });
  return paint(text + rest, none ? 32 : 1, style);
}

/** ANSI: 1 bold, 2 faint, 3x a colour. */
export function paint(text: string, code: number, { color }: Pick<TableStyle, 'color'>): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}
