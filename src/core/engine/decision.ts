import { compareFieldPaths, type FieldPath, formatFieldPath } from '../pod/field-path.ts';
import type { Excuse } from '../policy/exceptions.ts';
import { compareModes, type Mode } from '../policy/mode.ts';
import type { Rule, Severity, Violation } from '../rules/rule.ts';

/** A violation with the policy that minds it and what that leads to. */
export interface Finding {
  readonly policy: string;
  readonly mode: Mode;
  /** Where its words and its repair are looked up. */
  readonly rule: Pick<Rule, 'id' | 'severity' | 'messages' | 'phrasing' | 'choices' | 'repair'>;
  /** The rule's settings in this policy. */
  readonly params?: unknown;
  readonly violation: Violation;
  /** From the applied object to the field. */
  readonly path: FieldPath;
  readonly container?: string;
  /** The question could not be answered: the rule threw, or the pod has no readable skeleton. */
  readonly error?: true;
  /** The template that this one replaces has the same. */
  readonly preexisting?: true;
  /** It would have denied, but its policy says `onUpdate: NewOnly`. */
  readonly letThrough?: true;
  /** It is excused: it stays a finding, and leads to nothing. */
  readonly exception?: Excuse;
}

/**
 * Two findings are of one violation when rule, message and place are the same. Where a policy's settings say what is
 * wanted that must be the same too: of two lists of registries each is told.
 */
export function violationKey({ rule, violation, path }: Finding): string {
  const key = `${rule.id} ${violation.message} ${formatFieldPath(path)}`;
  if (rule.phrasing === undefined || violation.expected === undefined) return key;
  return `${key} ${Object.values(violation.expected).join(' ')}`;
}

/** Whether a finding by itself refuses the request. */
export function denies({ mode, exception }: Finding): boolean {
  return mode === 'Enforce' && exception === undefined;
}

/** The answer to all questions at once: allowed iff no finding is enforced that is not excused. */
export interface Decision {
  readonly allowed: boolean;
  /** Strictest mode first, then most severe, then by rule, path and policy: the same request, the same order. */
  readonly findings: readonly Finding[];
  /** There were more than anybody reads; the verdict counts them all. */
  readonly truncated?: true;
}

const noFindings: Decision = { allowed: true, findings: [] };

/** A pod of three megabytes can break a rule half a million times; whoever has read this many is served. */
const mostFindings = 5_000;

/** Collects findings one by one, in bounded memory: the first that denies is always kept. */
interface Findings {
  add(finding: Finding): void;
  /** All of another decision, which may have left some out itself. */
  addAll(decision: Decision): void;
  /** Whatever is added now changes neither the verdict nor what is said of it. */
  settled(mayDeny: boolean): boolean;
  decide(): Decision;
}

export function createFindings(): Findings {
  const findings: Finding[] = [];
  let denied = false;
  let truncated = false;
  const add = (finding: Finding): void => {
    const deny = denies(finding);
    if (findings.length < mostFindings || (deny && !denied)) findings.push(finding);
    else truncated = true;
    denied ||= deny;
  };
  return {
    add,
    addAll(decision) {
      for (const finding of decision.findings) add(finding);
      truncated ||= decision.truncated ?? false;
    },
    settled: (mayDeny) => truncated && (denied || !mayDeny),
    decide() {
      if (findings.length === 0) return noFindings;
      const sorted = findings.sort(compareFindings).filter((finding, i) => !repeats(finding, findings[i - 1]));
      return { allowed: !denied, findings: sorted, ...(truncated ? { truncated } : {}) };
    },
  };
}

export function decide(findings: readonly Finding[]): Decision {
  const collected = createFindings();
  for (const finding of findings) collected.add(finding);
  return collected.decide();
}

/** A policy that asks at two versions, its own and that of a label, finds what breaks both twice. */
function repeats(finding: Finding, before: Finding | undefined): boolean {
  return (
    before !== undefined &&
    finding.rule.id === before.rule.id &&
    finding.policy === before.policy &&
    finding.mode === before.mode &&
    finding.violation.message === before.violation.message &&
    compareFieldPaths(finding.path, before.path) === 0
  );
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
