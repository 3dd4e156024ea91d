import type { FieldPath } from '../core/pod/field-path.ts';
import { lint } from '../core/policy/lint.ts';
import { type DocumentIssue, type PodPolicy, parsePodPolicy } from '../core/policy/pod-policy.ts';
import { type PodPolicyException, parsePodPolicyException } from '../core/policy/pod-policy-exception.ts';
import { statedName } from '../core/policy/unread-policy.ts';
import {
  countRemarks,
  type LintOutcome,
  type LintRemark,
  renderLintJson,
  renderLintTable,
} from '../core/render/lint-result.ts';
import { type KindDocument, readKindDocuments } from '../io/files/kind-documents.ts';
import { wantsColor, writeOutput } from '../io/output.ts';
import type { LintOptions } from './policy.ts';
import { readSettings } from './settings.ts';

/** Looks at policies and exceptions and prints what there is to say. Returns the exit status. */
export async function lintPaths(paths: readonly string[], options: LintOptions): Promise<number> {
  const { exceptions } = await readSettings(options.config);
  const { documents, problems } = await readKindDocuments(paths);
  const unreadable = problems.map((problem): LintRemark => ({ severity: 'error', path: [], ...problem }));
  const none = documents.length + problems.length === 0;
  const empty = paths.map((file) => error({ file, message: 'holds no PodPolicy and no PodPolicyException' }));
  const remarks = [...unreadable, ...(none ? empty : remarksOn(documents, exceptions.maxDuration))];
  const outcome: LintOutcome = { documents: documents.length, remarks };
  await writeOutput(
    options.output === 'json' ? renderLintJson(outcome) : renderLintTable(outcome, { color: wantsColor() }),
  );
  if (countRemarks(outcome, 'error') > 0) return 2;
  return options.strict && countRemarks(outcome, 'warning') > 0 ? 1 : 0;
}

function error(remark: Pick<LintRemark, 'file' | 'message'>): LintRemark {
  return { severity: 'error', path: [], ...remark };
}

type Parsed = { readonly policy: PodPolicy } | { readonly exception: PodPolicyException } | Issues;
type Issues = { readonly issues: readonly DocumentIssue[] };

function parse({ value }: KindDocument): Parsed {
  const { kind } = value as { readonly kind?: unknown };
  if (kind === 'PodPolicy') return parsePodPolicy(value);
  if (kind === 'PodPolicyException') return parsePodPolicyException(value);
  return { issues: [{ path: ['kind'], message: 'must be PodPolicy or PodPolicyException' }] };
}

/** In the order of the documents; of each its errors, or its warnings. */
function remarksOn(documents: readonly KindDocument[], maxExceptionDuration: number): readonly LintRemark[] {
  const policies = new Map<PodPolicy, KindDocument>();
  const exceptions = new Map<PodPolicyException, KindDocument>();
  const issues: (readonly [KindDocument, DocumentIssue])[] = [];
  for (const document of documents) {
    const parsed = parse(document);
    if ('policy' in parsed) policies.set(parsed.policy, document);
    else if ('exception' in parsed) exceptions.set(parsed.exception, document);
    else issues.push(...parsed.issues.map((issue) => [document, issue] as const));
  }
  const clashes = [...clashesOf(policies), ...clashesOf(exceptions)];
  const set = {
    policies: [...policies.keys()],
    unread: issues.flatMap(([{ value }]) => statedName(value) ?? []),
    exceptions: [...exceptions.keys()],
  };
  const warnings = lint({ ...set, now: Date.now(), maxExceptionDuration }).flatMap(({ of, path, reason, message }) => {
    const document = of.kind === 'PodPolicy' ? policies.get(of) : exceptions.get(of);
    return document === undefined ? [] : [{ ...placed(document, path), severity: 'warning' as const, reason, message }];
  });
  const errors = [...issues, ...clashes].map(([document, { path, message }]) => {
    return { ...placed(document, path), severity: 'error' as const, message };
  });
  return [...errors, ...warnings].sort(byPlace(documents.map(({ file }) => file)));
}

function placed({ file, value, position }: KindDocument, path: FieldPath): Omit<LintRemark, 'severity' | 'message'> {
  const { kind } = value as { readonly kind?: unknown };
  const name = statedName(value);
  const object = typeof kind === 'string' && name !== undefined ? { object: `${kind}/${name}` } : {};
  return { file, position: position(path), ...object, path };
}

/** Of two that bear one name nobody could say which is meant. */
function clashesOf(
  named: ReadonlyMap<PodPolicy | PodPolicyException, KindDocument>,
): readonly (readonly [KindDocument, DocumentIssue])[] {
  const places = new Map<string, string>();
  return [...named].flatMap(([{ kind, metadata }, document]) => {
    const path: FieldPath = ['metadata', 'name'];
    const { line, column } = document.position(path);
    const other = places.get(metadata.name);
    places.set(metadata.name, other ?? `${document.file}:${line}:${column}`);
    if (other === undefined) return [];
    return [[document, { path, message: `another ${kind} of that name stands in ${other}: rename one of them` }]];
  });
}

function byPlace(files: readonly string[]): (a: LintRemark, b: LintRemark) => number {
  return (a, b) =>
    files.indexOf(a.file) - files.indexOf(b.file) ||
    (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
    (a.position?.column ?? 0) - (b.position?.column ?? 0);
}
