import type { Finding } from '../engine/decision.ts';
import type { Locale, Localized } from '../locale.ts';
import type { ExpectedFinding } from '../policy/policy-test.ts';
import { printable } from './escape.ts';
import { excuseText, findingMessage, findingPath } from './finding-text.ts';
import type { TestedCase } from './test-result.ts';

/** One line of a case's difference: expected, found, found but nobody minds, or what could not be answered. */
export interface DifferenceLine {
  readonly sign: '-' | '+' | ' ' | '?';
  readonly text: string;
  /** What it is about: none where it is the verdict. */
  readonly rule?: string;
}

const cutShort: Localized = {
  en: 'there are more findings than are kept',
  ja: '結果が多すぎるため、すべては保持されていません',
};

/** Expected and found as a diff; empty for a case that passed. */
export function differenceLines(
  { expect, decision, comparison }: TestedCase,
  locale: Locale,
): readonly DifferenceLine[] {
  if (comparison.status === 'passed') return [];
  const lines: DifferenceLine[] = [];
  if (comparison.allowedDiffers) {
    lines.push({ sign: '-', text: `allowed: ${expect.allowed}` }, { sign: '+', text: `allowed: ${decision.allowed}` });
  }
  for (const expected of comparison.missing) {
    lines.push({ sign: '-', text: expectedText(expected, locale), rule: expected.rule });
  }
  const found = (sign: DifferenceLine['sign'], finding: Finding): void => {
    lines.push({ sign, text: foundText(finding, locale), rule: finding.rule.id });
  };
  for (const finding of comparison.unexpected) found('+', finding);
  for (const finding of comparison.undecided) found('?', finding);
  if (decision.truncated) lines.push({ sign: '?', text: cutShort[locale] });
  for (const finding of comparison.tolerated) found(' ', finding);
  return lines;
}

/** In the order in which what was found is told, so that the two can be held side by side. */
function expectedText({ message, ...expected }: ExpectedFinding, locale: Locale): string {
  const { exception } = expected;
  const excuse = exception === undefined ? '' : excuseText({ name: exception }, locale);
  const text = message === undefined ? '' : `… ${printable(message, 400)} …`;
  return joinParts({ ...expected, message: text, excuse });
}

function foundText(finding: Finding, locale: Locale): string {
  const { rule, container, mode, policy, exception } = finding;
  const message = findingMessage(finding, locale);
  const excuse = exception === undefined ? '' : excuseText(exception, locale);
  return joinParts({ rule: rule.id, path: findingPath(finding), container, mode, message, policy, excuse });
}

interface Parts {
  readonly rule: string;
  readonly path?: string | undefined;
  readonly container?: string | undefined;
  readonly mode?: string | undefined;
  readonly message?: string | undefined;
  readonly policy?: string | undefined;
  readonly excuse: string;
}

function joinParts({ rule, path = '', container, mode = '', message = '', policy, excuse }: Parts): string {
  const field = `${printable(path, 200)}${container === undefined ? '' : ` (${printable(container, 63)})`}`.trim();
  const by = policy === undefined ? '' : `[${printable(policy, 253)}]`;
  return [rule, field, mode, message, by, excuse].filter((part) => part !== '').join('  ');
}
