import { formatFieldPath } from '../pod/field-path.ts';
import type { Expectation, ExpectedFinding } from '../policy/policy-test.ts';
import type { Decision, Finding } from './decision.ts';

/** What a case came to: as expected, otherwise, or a question that could not be answered. */
export type CaseStatus = 'passed' | 'failed' | 'undecided';

/** How a decision differs from what was expected of it. */
export interface Comparison {
  readonly status: CaseStatus;
  readonly allowedDiffers: boolean;
  /** Expected, but not found. */
  readonly missing: readonly ExpectedFinding[];
  /** Found, although it was not expected or even excluded. */
  readonly unexpected: readonly Finding[];
  /** Found, named by nobody, and tolerated. */
  readonly tolerated: readonly Finding[];
  /** Found instead of an answer: a rule threw, the pod cannot be read. */
  readonly undecided: readonly Finding[];
}

/** All texts in which a finding may be told, its path among them: a case may quote any. */
export interface FindingWords {
  readonly messages: readonly string[];
  readonly path: string;
}

/**
 * Every finding must be named and every name found; how often does not matter, so that one line can stand for a mistake
 * that two containers make or two policies mind.
 */
export function compare(
  decision: Decision,
  expect: Expectation,
  wordsOf: (finding: Finding) => FindingWords,
): Comparison {
  const matches = (finding: Finding, expected: ExpectedFinding): boolean => isMeant(finding, expected, wordsOf);
  const wanted = expect.findings ?? expect.includes ?? [];
  const isWanted = (finding: Finding): boolean => wanted.some((expected) => matches(finding, expected));
  const missing = wanted.filter((expected) => !decision.findings.some((finding) => matches(finding, expected)));
  const unexpected: Finding[] = [];
  const tolerated: Finding[] = [];
  const undecided: Finding[] = [];
  for (const finding of decision.findings) {
    if (expect.excludes?.some((expected) => matches(finding, expected))) unexpected.push(finding);
    else if (isWanted(finding)) continue;
    else if (finding.error) undecided.push(finding);
    else if (expect.findings !== undefined) unexpected.push(finding);
    else tolerated.push(finding);
  }
  const allowedDiffers = expect.allowed !== undefined && expect.allowed !== decision.allowed;
  const unsure = undecided.length > 0 || decision.truncated === true;
  // What was not answered may be the finding that is missing: then nobody knows, and the policy is not blamed.
  const failed = unexpected.length > 0 || (!unsure && (allowedDiffers || missing.length > 0));
  const status = failed ? 'failed' : unsure ? 'undecided' : 'passed';
  return { status, allowedDiffers, missing, unexpected, tolerated, undecided };
}

/** That a rule could not be asked is never the violation that a case expects of it; a malformed pod says so itself. */
function isMeant(finding: Finding, expected: ExpectedFinding, wordsOf: (finding: Finding) => FindingWords): boolean {
  if (finding.rule.id !== expected.rule || (finding.error && expected.rule !== 'malformedPod')) return false;
  const { path, container, policy, mode, exception, message } = expected;
  if (container !== undefined && container !== finding.container) return false;
  if (policy !== undefined && policy !== finding.policy) return false;
  if (mode !== undefined && mode !== finding.mode) return false;
  if (exception !== undefined && exception !== finding.exception?.name) return false;
  if (path !== undefined && path !== formatFieldPath(finding.path) && path !== wordsOf(finding).path) return false;
  return message === undefined || wordsOf(finding).messages.some((text) => text.includes(message));
}
