import type { Decision, Finding } from '../engine/decision.ts';
import type { CaseStatus, Comparison, FindingWords } from '../engine/expectation.ts';
import { type Locale, locales } from '../locale.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import { apiVersion } from '../policy/pod-policy.ts';
import type { Expectation, ExpectedFinding } from '../policy/policy-test.ts';
import { printableReference } from './check-result.ts';
import { printable } from './escape.ts';
import { findingMessage, findingPath } from './finding-text.ts';
import { type ReportedFinding, toReportedFinding } from './reported-finding.ts';

/** One case of a test that was run. */
export interface TestedCase {
  readonly name: string;
  /** Where the case stands; both count from one. */
  readonly line: number;
  readonly column: number;
  readonly reference: ObjectReference;
  readonly expect: Expectation;
  readonly decision: Decision;
  readonly comparison: Comparison;
}

/** One test file. */
export interface TestedFile {
  readonly file: string;
  readonly cases: readonly TestedCase[];
  /** What kept cases, or all of the file, from being run; each begins with its place. */
  readonly problems: readonly string[];
}

/** What `sekisho test` found out, before it is printed. */
export type TestOutcome = readonly TestedFile[];

/** How many cases there were, and how they ended. */
export interface TestSummary {
  readonly files: number;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly undecided: number;
  /** Files, tests and cases that could not be run. */
  readonly unreadable: number;
}

/** What `sekisho test -o json` prints; programs rely on it. */
export interface TestResult {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'TestResult';
  readonly summary: TestSummary;
  readonly cases: readonly CaseResult[];
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

/** How one case ended. */
export interface CaseResult {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly name: string;
  readonly object: ObjectReference;
  readonly status: CaseStatus;
  readonly expected: Expectation;
  readonly found: { readonly allowed: boolean; readonly findings: readonly FoundFinding[]; readonly truncated?: true };
  /** Expected, but not found. */
  readonly missing: readonly ExpectedFinding[];
  /** Found, but not expected. */
  readonly unexpected: readonly FoundFinding[];
}

/** What a case found; an error is no violation. */
export interface FoundFinding extends ReportedFinding {
  readonly error?: true;
}

export function toTestResult(outcome: TestOutcome, locale: Locale): TestResult {
  const cases = outcome.flatMap(({ file, cases }) => cases.map((tested) => toCaseResult(file, tested, locale)));
  const problems = outcome.flatMap(({ file, problems }) => {
    return problems.map((message) => ({ file: printable(file, 4096), message: problemLines(message).join('\n') }));
  });
  return { apiVersion, kind: 'TestResult', summary: summarizeTests(outcome), cases, problems };
}

/** That of a policy that cannot be read has a line for each field. */
export function problemLines(message: string): readonly string[] {
  return message.split('\n').map((line) => printable(line, 2048));
}

export function summarizeTests(outcome: TestOutcome): TestSummary {
  const counts = { passed: 0, failed: 0, undecided: 0 };
  let cases = 0;
  let unreadable = 0;
  for (const { cases: tested, problems } of outcome) {
    cases += tested.length;
    unreadable += problems.length;
    for (const { comparison } of tested) counts[comparison.status]++;
  }
  return { files: outcome.length, cases, ...counts, unreadable };
}

function toCaseResult(file: string, tested: TestedCase, locale: Locale): CaseResult {
  const { name, line, column, reference, expect, decision, comparison } = tested;
  const toFound = (finding: Finding): FoundFinding => toFoundFinding(finding, locale);
  return {
    file: printable(file, 4096),
    line,
    column,
    name: printable(name, 256),
    object: printableReference(reference),
    status: comparison.status,
    expected: expect,
    found: {
      allowed: decision.allowed,
      findings: decision.findings.map(toFound),
      ...(decision.truncated ? { truncated: true } : {}),
    },
    missing: comparison.missing,
    unexpected: comparison.unexpected.map(toFound),
  };
}

function toFoundFinding(finding: Finding, locale: Locale): FoundFinding {
  // In the order in which an expectation is written, so that one can be read beside the other.
  const { rule, path, ...rest } = toReportedFinding(finding, locale);
  return { rule, path, ...rest, ...(finding.error ? { error: true } : {}) };
}

/** What a case may quote of a finding: a test is no other in another language. */
export function wordsOf(finding: Finding): FindingWords {
  return { path: findingPath(finding), messages: locales.map((locale) => findingMessage(finding, locale)) };
}
