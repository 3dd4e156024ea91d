import { compareFieldPaths, type FieldPath } from '../pod/field-path.ts';
import { compareModes, type Mode } from '../policy/mode.ts';
import type { Rule, Severity, Violation } from '../rules/rule.ts';

/** A violation with the policy that minds it and what that leads to. */
export interface Finding {
  readonly policy: string;
  readonly mode: Mode;
  /** Where its words and its repair are looked up. */
  readonly rule: Pick<Rule, 'id' | 'severity' | 'messages' | 'repair'>;
  readonly violation: Violation;
  /** From the applied object to the field. */
  readonly path: FieldPath;
  readonly container?: string;
  /** The question could not be answered: the rule threw, or the pod has no readable skeleton. */
  readonly error?: true;
}

/** The answer to all questions at once: allowed iff no finding is enforced. */
export interface Decision {
  readonly allowed: boolean;
  /** Strictest mode first, then most severe, then by rule, path and policy: the same request, the same order. */
  readonly findings: readonly Finding[];
}

const noFindings: Decision = { allowed: true, findings: [] };

export function decide(findings: Finding[]): Decision {
  if (findings.length === 0) return noFindings;
  findings.sort(compareFindings);
  return { allowed: !findings.some(({ mode }) => mode === 'Enforce'), findings };
}

const severityRank: Readonly<Record<Severity, number>> = { critical: 0, high: 1, medium: 2, low: 3 };

function compareFindings(a: Finding, b: Finding): number {
  return (
    compareModes(a.mode, b.mode) ||
    severityRank[a.rule.severity] - severityRank[b.rule.severity] ||
    compareText(a.rule.id, b.rule.id) ||
    compareFieldPaths(a.path, b.path) ||
    compareText(a.policy, b.policy)
  );
}

/** By code unit: the same on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
