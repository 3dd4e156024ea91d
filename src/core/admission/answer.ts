import type { Finding } from '../engine/decision.ts';
import { type JudgeContext, type Judgement, judge } from '../engine/judge.ts';
import { isJudgedSubresource } from '../engine/update.ts';
import { type Language, localesOf } from '../locale.ts';
import { valueAt } from '../pod/field-path.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import type { Workload } from '../pod/workload.ts';
import { builtinWorkloads, type Workloads } from '../pod/workloads.ts';
import { type FindingGroup, groupFindings } from '../render/finding-groups.ts';
import { decisionId } from './decision-id.ts';
import { type AdmissionResponse, type Judged, passing, respond } from './response.ts';
import type { AdmissionRequest } from './review.ts';

/** What a verdict depends on besides the request, and the language it is given in. */
export interface AnswerContext extends JudgeContext {
  readonly locale: Language;
  /** The kinds that are judged; only Kubernetes' own where it is absent. */
  readonly workloads?: Workloads;
  /** Whoever asks about an object in this namespace wants to know whether we were asked. */
  readonly canaryNamespace?: string;
}

/** The response for the API server, and what log and metrics say of it. */
export interface Answer {
  readonly response: AdmissionResponse;
  readonly findings: readonly Finding[];
  /** The same in words, each violation once; in the first language of several. */
  readonly groups: readonly FindingGroup[];
  /** 64 bits in hexadecimal; stands in message, log and audit annotation. Only where there are findings. */
  readonly id?: string;
}

/** Judges one request. A promise only where a rule needs facts that have to be fetched. */
export function answerRequest(request: AdmissionRequest, context: AnswerContext): Answer | Promise<Answer> {
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

function pass(uid: string): Answer {
  return { response: { uid, allowed: true }, findings: [], groups: [] };
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

function answerOf(judged: Judged, language: Language): Answer {
  const { findings } = judged.judgement.decision;
  const groups = groupFindings(findings, localesOf(language)[0]);
  if (groups.length === 0) return { response: passing(judged), findings, groups };
  const id = decisionId(judged.request.uid);
  return { response: respond({ ...judged, groups, id }, language), findings, groups, id };
}
