import { answerRequest } from '../src/core/admission/answer.ts';
import { formatAdmissionReview } from '../src/core/admission/response.ts';
import { parseAdmissionReview } from '../src/core/admission/review.ts';
import type { Answer } from '../src/core/admission/verdict.ts';
import type { Language } from '../src/core/locale.ts';
import { type BuiltinWorkload, workloads } from '../src/core/pod/workload.ts';
import { builtinWorkloads, type WorkloadKind, type Workloads } from '../src/core/pod/workloads.ts';
import type { AskedRules } from '../src/core/policy/bound-rules.ts';
import { builtinPolicy } from '../src/core/policy/builtin-policies.ts';
import type { Excuse } from '../src/core/policy/exceptions.ts';
import type { Mode } from '../src/core/policy/mode.ts';
import { type NamespaceSource, nameLabel } from '../src/core/policy/namespace.ts';
import { type PodPolicy, parsePodPolicy } from '../src/core/policy/pod-policy.ts';
import { type PodPolicyException, parsePodPolicyException } from '../src/core/policy/pod-policy-exception.ts';
import { createPolicySet, type Occasion } from '../src/core/policy/policy-set.ts';
import { minimalPod } from '../src/core/rules/minimal-pod.ts';
import { offline } from '../src/io/offline.ts';

/* Reviews as an API server would send them, and the answers of the whole core. */

export type Json = Record<string, unknown>;

/** A policy from its spec, through the schema like any other. */
export function policyOf(spec: Json, name = 'production'): PodPolicy {
  const parsed = parsePodPolicy({ apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name }, spec });
  if ('policy' in parsed) return parsed.policy;
  throw new Error(JSON.stringify(parsed.issues));
}

/** An exception from its spec, through the schema like any other; with a reason and, unless it says so, far from its end. */
export function exceptionOf(spec: Json, name = 'legacy'): PodPolicyException {
  const parsed = parsePodPolicyException({
    apiVersion: 'sekisho.dev/v1alpha1',
    kind: 'PodPolicyException',
    metadata: { name },
    spec: { match: {}, reason: 'a fix is promised', expiresAt: '2099-01-31T00:00:00Z', ...spec },
  });
  if ('exception' in parsed) return parsed.exception;
  throw new Error(JSON.stringify(parsed.issues));
}

export function builtin(source: string): PodPolicy {
  const policy = builtinPolicy(source);
  if (policy === undefined) throw new Error(`no ${source}`);
  return policy;
}

export interface ReviewOptions {
  readonly kind?: string;
  /** Instead of `kind`, one that is not Kubernetes' own. */
  readonly custom?: Pick<WorkloadKind, 'group' | 'kind' | 'resource'>;
  readonly operation?: string;
  readonly subResource?: string;
  readonly namespace?: string;
  readonly oldObject?: unknown;
  readonly user?: string;
}

export function workloadNamed(kind: string): BuiltinWorkload {
  const workload = workloads.find((candidate) => candidate.kind === kind);
  if (workload === undefined) throw new Error(`no ${kind}`);
  return workload;
}

/** An AdmissionReview as JSON value. */
export function reviewOf(object: unknown, options: ReviewOptions = {}): Json {
  const { group, resource, kind } = options.custom ?? workloadNamed(options.kind ?? 'Pod');
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '3b1c9c62-5d0e-4b57-9ad8-8ef1c1d2f3a4',
      kind: { group, version: 'v1', kind },
      resource: { group, version: 'v1', resource },
      subResource: options.subResource ?? '',
      namespace: options.namespace ?? 'shop',
      operation: options.operation ?? (options.oldObject === undefined ? 'CREATE' : 'UPDATE'),
      userInfo: { username: options.user ?? 'alice' },
      object,
      oldObject: options.oldObject ?? null,
    },
  };
}

export interface Under {
  readonly policies?: readonly PodPolicy[];
  readonly ceiling?: Mode;
  readonly locale?: Language;
  readonly namespaces?: NamespaceSource;
  readonly exceptions?: readonly PodPolicyException[];
  /** Milliseconds since the epoch; without it, the clock's. */
  readonly now?: number;
  readonly workloads?: Workloads;
}

/** One namespace with these labels, whatever it is called. */
export function labelled(labels: Readonly<Record<string, string>>): NamespaceSource {
  return { read: (name) => ({ name, labels: new Map([...Object.entries(labels), [nameLabel, name]]) }) };
}

/** No namespace can be read. */
export const unreadableNamespaces: NamespaceSource = {
  read: (name) => ({ name, unavailable: 'connection refused' }),
};

/** A pod that nobody applies, without labels, in a namespace of which nothing but its name is known. */
export function occasionIn(namespace: string, more: Partial<Occasion> = {}): Occasion {
  const view = { name: namespace, labels: new Map([['kubernetes.io/metadata.name', namespace]]) };
  return {
    subject: 'pod',
    namespace: view,
    labels: () => new Map(),
    runtimeClass: () => undefined,
    user: undefined,
    now: Date.parse('2026-11-22T12:00:00Z'),
    ...more,
  };
}

/** What excuses something of what is asked, rule by rule. */
export function excusesIn({ rules, exceptions }: AskedRules): readonly Excuse[] {
  return rules.flatMap(({ policy, rule }) => exceptions.get(policy)?.get(rule.id) ?? []).map(({ excuse }) => excuse);
}

/** The answer to a review under builtin:restricted, or the policies given, as the API server reads it. */
export async function answer(review: unknown, under: Under = {}): Promise<Answer> {
  const policies = createPolicySet({
    policies: under.policies ?? [builtin('builtin:restricted')],
    ceiling: under.ceiling ?? 'Enforce',
    exceptions: under.exceptions ?? [],
  });
  const { now = Date.now(), namespaces = offline.namespaces, workloads = builtinWorkloads, locale = 'en' } = under;
  const context = { policies, ...offline, namespaces, now: () => now, locale, workloads } as const;
  const { response, ...rest } = await answerRequest(parseAdmissionReview(review), context);
  return { ...rest, response: JSON.parse(formatAdmissionReview(response)).response };
}

export async function isAllowed(object: unknown, options: ReviewOptions & Under = {}): Promise<boolean> {
  return (await answer(reviewOf(object, options), options)).response.allowed;
}

/** Rules whose findings an answer carries, each once. */
export async function rulesAgainst(object: unknown, options: ReviewOptions & Under = {}): Promise<readonly string[]> {
  const { findings } = await answer(reviewOf(object, options), options);
  return [...new Set(findings.map(({ rule }) => rule.id))];
}

/** A pod that restricted allows, with fields of its spec replaced. */
export function podWith(spec: Json = {}, metadata: Json = {}): Json {
  return {
    ...minimalPod,
    metadata: { ...minimalPod.metadata, ...metadata },
    spec: { ...minimalPod.spec, ...spec },
  };
}

/** The compliant container with fields replaced. */
export function containerWith(fields: Json = {}, name = 'app'): Json {
  return { ...minimalPod.spec.containers[0], name, ...fields };
}

/** The compliant container with fields of its securityContext replaced. */
export function containerSecuredWith(fields: Json, name = 'app'): Json {
  return containerWith({ securityContext: { ...minimalPod.spec.containers[0].securityContext, ...fields } }, name);
}

/** An object of a kind with this pod where the kind has it. */
export function wrap(kind: string, pod: Json): Json {
  const { path } = workloadNamed(kind);
  if (path.length === 0) return pod;
  const template = { metadata: pod['metadata'], spec: pod['spec'] };
  const inner = path.reduceRight<unknown>((value, segment) => ({ [segment]: value }), template) as Json;
  return { apiVersion: 'v1', kind, metadata: { name: 'web' }, ...inner };
}
