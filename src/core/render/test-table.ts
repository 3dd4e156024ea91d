import { type Localized, localize } from '../locale.ts';
import { objectText } from './denial-message.ts';
import { printable } from './escape.ts';
import { countText } from './plural.ts';
import { paint, type TableStyle } from './table.ts';
import { type DifferenceLine, differenceLines } from './test-lines.ts';
import { summarizeTests, type TestedCase, type TestedFile, type TestOutcome } from './test-result.ts';

const counted: Localized = {
  en: '{cases} in {files}: {passed} passed, {failed} failed, {undecided} undecided.',
  ja: '{files}の{cases}: 成功 {passed} 件、失敗 {failed} 件、判定不能 {undecided} 件。',
};
const problems = {
  one: { en: '1 problem kept tests from being run.', ja: '実行できないテストがあります (問題 1 件)。' },
  many: { en: '{count} problems kept tests from being run.', ja: '実行できないテストがあります (問題 {count} 件)。' },
} as const;
const cases = {
  one: { en: '1 case', ja: 'テスト 1 件' },
  many: { en: '{count} cases', ja: 'テスト {count} 件' },
} as const;
const files = {
  one: { en: '1 file', ja: '1 ファイル' },
  many: { en: '{count} files', ja: '{count} ファイル' },
} as const;
const more: Localized = { en: '… and {count} more', ja: '… 他 {count} 件' };

const marks = { passed: '✓', failed: '✗', undecided: '?' } as const;
const markColors = { passed: 32, failed: 31, undecided: 35 } as const;
const signColors = { '-': 32, '+': 31, '?': 35, ' ': 2 } as const;

/** A case may find thousands of things; who has read this many knows what is wrong. */
const mostLines = 40;

/** For people: a line for each file, then each case that is not as expected, as a diff from expected (-) to found (+). */
export function renderTestTable(outcome: TestOutcome, style: TableStyle): string {
  const lines = outcome.flatMap((tested) => fileLines(tested, style));
  return `${[...lines, ...(lines.length > 0 ? [''] : []), summaryLine(outcome, style)].join('\n')}\n`;
}

function fileLines(tested: TestedFile, style: TableStyle): readonly string[] {
  const name = printable(tested.file, 1024);
  const amiss = tested.cases.filter(({ comparison }) => comparison.status !== 'passed');
  const good = amiss.length === 0 && tested.problems.length === 0;
  const mark = paint(good ? marks.passed : marks.failed, good ? markColors.passed : markColors.failed, style);
  const count = countText(cases, tested.cases.length, style.locale);
  return [`${mark} ${paint(name, 1, style)}  ${count}`, ...amiss.flatMap((each) => caseLines(name, each, style))];
}

function caseLines(file: string, tested: TestedCase, style: TableStyle): readonly string[] {
  const { name, line, column, reference, comparison } = tested;
  const mark = paint(marks[comparison.status], markColors[comparison.status], style);
  const place = paint(`${file}:${line}:${column}`, 2, style);
  const difference = differenceLines(tested, style.locale);
  const shown = difference.slice(0, mostLines).map((each) => differenceLine(each, style));
  const rest = difference.length - mostLines;
  if (rest > 0) shown.push(`      ${localize(more, style.locale, { count: String(rest) })}`);
  return [`  ${mark} ${printable(name, 256)}  ${objectText(reference)}  ${place}`, ...shown];
}

function differenceLine({ sign, text }: DifferenceLine, style: TableStyle): string {
  return `      ${paint(`${sign} ${text}`, signColors[sign], style)}`;
}

function summaryLine(outcome: TestOutcome, style: TableStyle): string {
  const summary = summarizeTests(outcome);
  const { locale } = style;
  const text = localize(counted, locale, {
    cases: countText(cases, summary.cases, locale),
    files: countText(files, summary.files, locale),
    passed: String(summary.passed),
    failed: String(summary.failed),
    undecided: String(summary.undecided),
  });
  const good = summary.passed === summary.cases && summary.unreadable === 0;
  const rest = summary.unreadable === 0 ? '' : countText(problems, summary.unreadable, locale);
  return paint(rest === '' ? text : `${text} ${rest}`, good ? 32 : 1, style);
}
