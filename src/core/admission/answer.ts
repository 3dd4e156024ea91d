import { type Judgement, judge } from '../engine/judge.ts';
import { isJudgedSubresource } from '../engine/update.ts';
import { valueAt } from '../pod/field-path.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import type { Workload } from '../pod/workload.ts';
import { builtinWorkloads, type Workloads } from '../pod/workloads.ts';
import { apiGroup } from '../policy/pod-policy.ts';
import { type GuardContext, guardNamespace } from './guard-entry.ts';
import { checkPolicy, type PolicyContext } from './policy-entry.ts';
import type { AdmissionRequest } from './review.ts';
import { type Answer, answerOf, pass } from './verdict.ts';

/** What a verdict depends on besides the request, and the language it is given in. */
export interface AnswerContext extends GuardContext, PolicyContext {
  /** The kinds that are judged; only Kubernetes' own where it is absent. */
  readonly workloads?: Workloads;
  /** Whoever asks about an object in this namespace wants to know whether we were asked. */
  readonly canaryNamespace?: string;
}

/** Judges one request. A promise only where something has to be fetched: facts, the pods of a namespace. */
export function answerRequest(request: AdmissionRequest, context: AnswerContext): Answer | Promise<Answer> {
  const { group, resource, operation } = request;
  if (group === apiGroup) return checkPolicy(request, context);
  if (group === '' && resource === 'namespaces') {
    return operation === 'UPDATE' ? guardNamespace(request, context) : pass(request.uid);
  }
  const answer = verdictOn(request, context);
  if (request.namespace !== context.canaryNamespace) return answer;
  return answer instanceof Promise ? answer.then(withCanaryWarning) : withCanaryWarning(answer);
}

/** What a canary listens for. */
export const canaryWarning = /^sekisho canary \S+$/;

/** Whatever the verdict and the ceiling. First, because the API server cuts what follows too many warnings. */
function withCanaryWarning(answer: Answer): Answer {
  const { response } = answer;
  const warnings = [`sekisho canary ${response.uid}`, ...(response.warnings ?? [])];
  return { ...answer, response: { ...response, warnings } };
}

function verdictOn(request: AdmissionRequest, context: AnswerContext): Answer | Promise<Answer> {
  const { workloads = builtinWorkloads } = context;
  const workload = workloads.ofRequest(request);
  if (workload === undefined || !isJudged(request, workload)) return pass(request.uid);
  const { object } = request;
  const reference = referenceOf(request);
  const replaced = request.operation === 'UPDATE' ? { oldObject: request.oldObject ?? null } : {};
  const judgement = judge({ object, workload, reference, user: request.username, ...replaced }, context);
  const answer = (settled: Judgement): Answer => answerOf({ request, judgement: settled, reference }, context.locale);
  return judgement instanceof Promise ? judgement.then(answer) : answer(judgement);
}

/** DELETE and CONNECT bring no pod; nor do `status`, `scale` and the like. */
function isJudged({ operation, subResource }: AdmissionRequest, workload: Workload): boolean {
  return (operation === 'CREATE' || operation === 'UPDATE') && isJudgedSubresource(workload, subResource);
}

/** The namespace is the request's: the object may claim any, or none. A name may not be drawn yet. */
function referenceOf({ object, name, namespace, kind }: AdmissionRequest): ObjectReference {
  const stated = valueAt(object, ['metadata', 'name']);
  const prefix = valueAt(object, ['metadata', 'generateName']);
  const drawn = typeof prefix === 'string' ? `${prefix}*` : '';
  return {
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
    namespace,
    name: typeof stated === 'string' && stated !== '' ? stated : name || drawn,
  };
}
