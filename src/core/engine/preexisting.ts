import { type FieldPath, valueAt } from '../pod/field-path.ts';
import type { PodView } from '../pod/pod-view.ts';
import type { BoundRules } from '../policy/policy-set.ts';
import type { FactSource } from '../rules/facts.ts';
import { assess } from './assess.ts';
import { type Decision, decide, denies, type Finding } from './decision.ts';
import { requireShallow } from './update.ts';

/** A template that replaces another, and what both are asked. */
export interface TemplateUpdate {
  readonly pod: PodView;
  /** Read only where it matters; undefined where it cannot be read. */
  readonly readOld: () => PodView | undefined;
  readonly bound: BoundRules;
  readonly facts: FactSource;
}

/**
 * Says of each finding whether the old template has it too. It denies all the same, because the pods of the new
 * template would be refused, but where the policy says `onUpdate: NewOnly`. The old template is judged only where
 * the new one has findings.
 */
export function markPreexisting(decision: Decision, update: TemplateUpdate): Decision | Promise<Decision> {
  if (decision.findings.length === 0) return decision;
  const old = update.readOld();
  if (old === undefined) return decision;
  const mark = (before: Decision) => marked(decision, update, { old, before });
  const before = assess(old, update.bound, update.facts);
  return before instanceof Promise ? before.then(mark) : mark(before);
}

interface Before {
  readonly old: PodView;
  readonly before: Decision;
}

function marked(decision: Decision, { pod, bound }: TemplateUpdate, { old, before }: Before): Decision {
  const known = new Set(before.findings.map((finding) => identityOf(finding, old)));
  // Where not all findings were kept, nobody knows whether the others are new.
  const { truncated } = decision;
  const findings = decision.findings.map((finding): Finding => {
    // That a question could not be answered before is no answer now.
    if (finding.error || !known.has(identityOf(finding, pod))) return finding;
    const preexisting = true;
    // What is excused needs no other way through.
    const letThrough = denies(finding) && bound.newOnly.has(finding.policy) && !truncated;
    return letThrough ? { ...finding, mode: 'Warn', preexisting, letThrough } : { ...finding, preexisting };
  });
  return { ...decide(findings), ...(truncated ? { truncated } : {}) };
}

/** The same for the same violation, whichever policy minds it and wherever in its list the container stands. */
function identityOf({ rule, violation }: Finding, pod: PodView): string {
  return JSON.stringify([rule.id, violation.message, namedPath(pod, violation.path), textOf(violation.found)]);
}

/** The path with list items by name instead of position. A string is its own name; what has none keeps its position. */
function namedPath({ metadata, spec }: PodView, path: FieldPath): FieldPath {
  let value: unknown = { metadata, spec };
  return path.map((segment) => {
    value = valueAt(value, [segment]);
    if (typeof segment !== 'number') return segment;
    const name = typeof value === 'string' ? value : valueAt(value, ['name']);
    return typeof name === 'string' ? name : segment;
  });
}

/** Equal for equal values, in whichever order their fields stand. */
function textOf(value: unknown, depth = 0): string {
  requireShallow(depth);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, depth + 1)).join()}]`;
  const fields = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${textOf(item, depth + 1)}`);
  return `{${fields.sort().join()}}`;
}
