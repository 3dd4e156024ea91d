import type { Finding } from '../engine/decision.ts';
import type { Repair } from '../engine/repair.ts';
import type { Locale } from '../locale.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import { apiVersion } from '../policy/pod-policy.ts';
import { summaryOf, tallyOf } from './check-tally.ts';
import { printable } from './escape.ts';
import { formatFound } from './finding-text.ts';
import { type ReportedFinding, toReportedFinding } from './reported-finding.ts';

/** One object of a manifest that breaks rules. */
export interface CheckedObject {
  readonly file: string;
  /** The template of a chart that it was rendered from, where Helm's comment says so. */
  readonly template?: string | undefined;
  /** `file` is a chart or the like, and lines are those of what was rendered from it. */
  readonly rendered?: true;
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

/** What was found out of objects few enough to be kept. */
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
  readonly findings: readonly CheckedFinding[];
  /** Last, because the findings are printed while they are found. */
  readonly summary: CheckSummary;
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
  /** The template of a chart, where the file, or what was rendered, names it. */
  readonly source?: string;
  /** `file` is a chart or a kustomization; line and column are those of what was rendered from it. */
  readonly rendered?: true;
  readonly object: ObjectReference;
  /** The value that was found; where it is large, its beginning as text. Absent where nothing was. */
  readonly found?: unknown;
}

export function toCheckResult(outcome: CheckOutcome, locale: Locale): CheckResult {
  const findings = outcome.violating.flatMap((object) => toCheckedFindings(object, locale));
  return { apiVersion, kind: 'CheckResult', findings, summary: summaryOf(tallyOf(outcome)) };
}

/** What is printed of an object, finding by finding. */
export function toCheckedFindings(object: CheckedObject, locale: Locale): readonly CheckedFinding[] {
  return object.findings.map((placed) => toFinding(object, placed, locale));
}

function toFinding(
  { file, template, rendered, reference }: CheckedObject,
  { finding, line, column }: PlacedFinding,
  locale: Locale,
): CheckedFinding {
  const { found } = finding.violation;
  return {
    file,
    line,
    column,
    ...(template === undefined ? {} : { source: printable(template, 1024) }),
    ...(rendered && { rendered }),
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
