/**
 * The time of one evaluation, alone in a process: from a parsed object to the verdict, and for the denied pod also to
 * the text of the answer. Prints JSON with microseconds.
 */
import type { V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { answerRequest } from '../src/core/admission/answer.ts';
import { formatAdmissionReview } from '../src/core/admission/response.ts';
import { type AdmissionRequest, parseAdmissionReview } from '../src/core/admission/review.ts';
import { judge } from '../src/core/engine/judge.ts';
import { workloadOfResource } from '../src/core/pod/workload.ts';
import { createPolicySet } from '../src/core/policy/policy-set.ts';
import { readPolicies } from '../src/io/files/policies.ts';
import { offline } from '../src/io/offline.ts';
import { type PodKind, reviewsOf } from './reviews.ts';
import { median } from './statistics.ts';

/** Microseconds, medians. */
export interface Evaluation {
  readonly judgeCompliant: number;
  readonly judgeDenied: number;
  /** A pod that breaks none of all rules of all sections. */
  readonly judgeEveryGroup: number;
  readonly answerCompliant: number;
  readonly answerDenied: number;
}

/** Many short ones: whoever takes the core away hits a few of them, and not their median. */
const batches = 2_000;
const perBatch = 64;
const warmUp = 40_000;

async function contextOf(file: string) {
  const { policies } = await readPolicies([`${import.meta.dirname}/${file}`], () => undefined);
  return { policies: createPolicySet({ policies, ceiling: 'Enforce' }), ...offline, locale: 'en' } as const;
}

const context = await contextOf('policy.yaml');
const everyGroup = await contextOf('every-group.yaml');

function requestsOf(kind: PodKind): readonly AdmissionRequest[] {
  return reviewsOf(kind).map(({ body }) => parseAdmissionReview(JSON.parse(body.toString())));
}

const pods = workloadOfResource('', 'pods');
if (pods === undefined) throw new Error('pods are no workload');
const workload = pods;

function judged(request: AdmissionRequest): number {
  return judgedBy(request, context);
}

function judgedBy(request: AdmissionRequest, policies: typeof context): number {
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: request.namespace, name: request.name };
  const judgement = judge({ object: request.object, workload, reference }, policies);
  if (judgement instanceof Promise) throw new Error('nothing is to be waited for');
  return judgement.decision.findings.length;
}

function answered(request: AdmissionRequest): number {
  const answer = answerRequest(request, context);
  if (answer instanceof Promise) throw new Error('nothing is to be waited for');
  return formatAdmissionReview(answer.response).length;
}

/** The compliant pod with what the other sections want of it. */
function furnished(request: AdmissionRequest): AdmissionRequest {
  const pod = structuredClone(request.object) as V1Pod & { spec: V1PodSpec };
  Object.assign(pod.spec, {
    automountServiceAccountToken: false,
    serviceAccountName: 'web',
    runtimeClassName: 'gvisor',
  });
  for (const container of pod.spec.containers) {
    const probe = { httpGet: { path: '/healthz', port: 8080 } };
    const amounts = { cpu: '250m', memory: '128Mi' };
    Object.assign(container, { readinessProbe: probe, livenessProbe: probe });
    container.image += `@sha256:${'0123456789abcdef'.repeat(4)}`;
    container.env = (container.env ?? []).filter(({ valueFrom }) => valueFrom?.secretKeyRef === undefined);
    container.resources = { requests: amounts, limits: { cpu: '1', memory: '256Mi' } };
    container.securityContext = { ...container.securityContext, readOnlyRootFilesystem: true };
  }
  return { ...request, object: pod };
}

/** Results are added up, so that no compiler finds out that nobody wants them. */
let sum = 0;

function microseconds(requests: readonly AdmissionRequest[], run: (request: AdmissionRequest) => number): number {
  const batch = (count: number) => {
    const started = performance.now();
    for (let i = 0; i < count; i++) sum += run(requests[i % requests.length]!);
    return ((performance.now() - started) * 1_000) / count;
  };
  batch(warmUp);
  return median(Array.from({ length: batches }, () => batch(perBatch)));
}

const [compliant, denied] = [requestsOf('compliant'), requestsOf('denied')];
const whole = compliant.map(furnished);
if (whole.some((request) => judgedBy(request, everyGroup) > 0)) throw new Error('the furnished pod breaks a rule');
// Both kinds first, as in a server: code that has only seen compliant pods is faster than any that is in use.
microseconds([...compliant, ...denied], answered);
const evaluation: Evaluation = {
  judgeCompliant: microseconds(compliant, judged),
  judgeDenied: microseconds(denied, judged),
  judgeEveryGroup: microseconds(whole, (request) => judgedBy(request, everyGroup) + 1),
  answerCompliant: microseconds(compliant, answered),
  answerDenied: microseconds(denied, answered),
};
if (sum === 0) throw new Error('nothing was judged');
process.stdout.write(`${JSON.stringify(evaluation)}\n`);
