import type { Finding } from '../engine/decision.ts';
import type { Repair } from '../engine/repair.ts';
import type { Locale } from '../locale.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import { apiVersion } from '../policy/pod-policy.ts';
import { printable } from './escape.ts';
import { formatFound } from './finding-text.ts';
import { type ReportedFinding, toReportedFinding } from './reported-finding.ts';

/** One object of a manifest that breaks rules. */
export interface CheckedObject {
  readonly file: string;
  readonly reference: ObjectReference;
  /** Never empty. */
  readonly findings: readonly PlacedFinding[];
  readonly repair?: Repair | undefined;
}

/** A finding, and where its field stands in the file: both numbers count from one. */
export interface PlacedFinding {
  readonly finding: Finding;
  readonly line: number;
  readonly column: number;
}

/** What `sekisho check` found out, before it is printed. */
export interface CheckOutcome {
  /** How many Kubernetes objects were read, judged or not. */
  readonly objects: number;
  /** Files and documents that could not be read. */
  readonly unreadable: number;
  readonly violating: readonly CheckedObject[];
}

/** What `-o json` and `-o yaml` print; programs rely on it. */
export interface CheckResult {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'CheckResult';
  readonly summary: CheckSummary;
  readonly findings: readonly CheckedFinding[];
}

/** How much was looked at, and what was found. */
export interface CheckSummary {
  readonly objects: number;
  /** Findings by mode: Enforce, Warn, Audit. */
  readonly deny: number;
  readonly warn: number;
  readonly audit: number;
  /** Findings that an exception excuses; their mode does not count them. */
  readonly excused: number;
  /** Findings that are an error, which their mode counts too, and what could not be read. */
  readonly error: number;
}

/** A finding, and where it stands. */
export interface CheckedFinding extends ReportedFinding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly object: ObjectReference;
  /** The value that was found; where it is large, its beginning as text. Absent where nothing was. */
  readonly found?: unknown;
}

export function toCheckResult(outcome: CheckOutcome, locale: Locale): CheckResult {
  const findings = outcome.violating.flatMap((object) =>
    object.findings.map((placed) => toFinding(object, placed, locale)),
  );
  return { apiVersion, kind: 'CheckResult', summary: summarize(outcome), findings };
}

export function summarize({ objects, unreadable, violating }: CheckOutcome): CheckSummary {
  const counts = { Enforce: 0, Warn: 0, Audit: 0 };
  let error = unreadable;
  let excused = 0;
  for (const { findings } of violating) {
    for (const { finding } of findings) {
      if (finding.exception === undefined) counts[finding.mode]++;
      else excused++;
      if (finding.error) error++;
    }
  }
  return { objects, deny: counts.Enforce, warn: counts.Warn, audit: counts.Audit, excused, error };
}

function toFinding(
  { file, reference }: CheckedObject,
  { finding, line, column }: PlacedFinding,
  locale: Locale,
): CheckedFinding {
  const { found } = finding.violation;
  return {
    file,
    line,
    column,
    object: printableReference(reference),
    ...toReportedFinding(finding, locale),
    ...(found === undefined ? {} : { found: boundedValue(found, locale) }),
  };
}

/** The lengths are the API server's own, so that whatever it would store is printed whole. */
export function printableReference({ apiVersion, kind, namespace, name }: ObjectReference): ObjectReference {
  return {
    apiVersion: printable(apiVersion, 317),
    kind: printable(kind, 63),
    namespace: printable(namespace, 63),
    name: printable(name, 253),
  };
}

const mostValues = 64;
const longestText = 1024;
const deepest = 8;

function boundedValue(value: unknown, locale: Locale): unknown {
  return isSmall(value, { values: mostValues }, deepest) ? value : formatFound(value, locale);
}

function isSmall(value: unknown, left: { values: number }, depth: number): boolean {
  if (--left.values < 0 || depth < 0) return false;
  if (typeof value === 'string') return value.length <= longestText;
  if (typeof value !== 'object' || value === null) return true;
  // for…in stops early: a hostile value may have a million fields.
  for (const key in value) {
    if (key.length > longestText || !isSmall((value as Record<string, unknown>)[key], left, depth - 1)) return false;
  }
  return true;
}
