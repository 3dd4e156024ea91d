import type { Locale } from '../locale.ts';
import { objectText } from './denial-message.ts';
import { printable } from './escape.ts';
import { type DifferenceLine, differenceLines } from './test-lines.ts';
import { problemLines, type TestedCase, type TestedFile, type TestOutcome } from './test-result.ts';

/*
 * JUnit's XML as CI systems read it (jenkins-junit.xsd, and the `file` and `line` that GitLab and others add): a suite
 * for each test file; in it, for each case of the operator, one for its verdict and one for each rule it names.
 */

/** One thing that a case of the operator asks. */
interface JunitCase {
  readonly suite: string;
  readonly line?: number;
  readonly className: string;
  readonly name: string;
  /** Absent where it passed. */
  readonly problem?: { readonly element: 'failure' | 'error'; readonly lines: readonly string[] };
}

/** What is asked of a case apart from single rules: the verdict, and that nothing else was found. */
const verdict = 'allowed';
const nothingElse = 'nothing else';

export function renderJunit(outcome: TestOutcome, locale: Locale): string {
  const suites = outcome.map((tested) => ({ file: printable(tested.file, 4096), cases: junitCases(tested, locale) }));
  const all = suites.flatMap(({ cases }) => cases);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="sekisho test" ${counts(all)}>`];
  for (const { file, cases } of suites) {
    lines.push(
      `  <testsuite name="${escapeXml(file)}" ${counts(cases)}>`,
      ...cases.flatMap(caseLines),
      '  </testsuite>',
    );
  }
  return `${[...lines, '</testsuites>'].join('\n')}\n`;
}

function counts(cases: readonly JunitCase[]): string {
  const count = (element: 'failure' | 'error'): number =>
    cases.filter(({ problem }) => problem?.element === element).length;
  return `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="0"`;
}

function junitCases({ file, cases, problems }: TestedFile, locale: Locale): readonly JunitCase[] {
  const suite = printable(file, 4096);
  // What was not run must not look like a pass.
  const broken = problems.map((message, index): JunitCase => {
    const lines = problemLines(message);
    return { suite, className: suite, name: `cannot be run ${index + 1}`, problem: { element: 'error', lines } };
  });
  return [...broken, ...cases.flatMap((tested) => questionsOf(suite, tested, locale))];
}

function questionsOf(suite: string, tested: TestedCase, locale: Locale): readonly JunitCase[] {
  const { name, line, reference, expect, comparison } = tested;
  const rules = [expect.findings, expect.includes, expect.excludes]
    .flatMap((list) => list ?? [])
    .map(({ rule }) => rule);
  const questions = new Map<string, DifferenceLine[]>();
  if (expect.allowed !== undefined) questions.set(verdict, []);
  for (const rule of rules) questions.set(rule, []);
  if (expect.findings !== undefined) questions.set(nothingElse, []);
  const [first = nothingElse] = questions.keys();
  for (const each of differenceLines(tested, locale)) {
    if (each.sign === ' ') continue;
    const own = each.rule === undefined ? verdict : each.rule;
    const asked = questions.get(own) ?? questions.get(nothingElse) ?? questions.get(first);
    asked?.push(each);
  }
  const element = comparison.status === 'undecided' ? 'error' : 'failure';
  const object = objectText(reference);
  return [...questions].map(([question, lines]) => ({
    suite,
    line,
    className: printable(name, 256),
    name: `${object}: ${question}`,
    ...(lines.length === 0 ? {} : { problem: { element, lines: someLines(lines) } }),
  }));
}

/** A case may find thousands of things, and CI systems refuse reports that are too large. */
const mostLines = 40;

function someLines(lines: readonly DifferenceLine[]): readonly string[] {
  const shown = lines.slice(0, mostLines).map(({ sign, text }) => `${sign} ${text}`);
  return lines.length > mostLines ? [...shown, `… ${lines.length - mostLines}`] : shown;
}

function caseLines({ suite, line, className, name, problem }: JunitCase): readonly string[] {
  const at = `file="${escapeXml(suite)}"${line === undefined ? '' : ` line="${line}"`}`;
  const open = `    <testcase classname="${escapeXml(className)}" name="${escapeXml(name)}" ${at}`;
  if (problem === undefined) return [`${open}/>`];
  const { element, lines } = problem;
  const message = escapeXml(lines.slice(0, 3).join('; '));
  return [
    `${open}>`,
    `      <${element} message="${message}">${escapeXml(lines.join('\n'))}</${element}>`,
    '    </testcase>',
  ];
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * XML 1.0 has no way at all to write most control characters, half a surrogate pair or U+FFFF: one of them and the whole
 * report is refused. Everything that comes here went through `printable`, which writes them out.
 */
function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
