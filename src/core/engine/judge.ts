import { SekishoError } from '../error.ts';
import { valueAt } from '../pod/field-path.ts';
import { labelsOf } from '../pod/labels.ts';
import type { ObjectReference, PodView } from '../pod/pod-view.ts';
import { type BuiltinWorkload, podViewOf, type Workload } from '../pod/workload.ts';
import type { Subject } from '../policy/bound-rule.ts';
import { type AskedRules, nothingAsked } from '../policy/bound-rules.ts';
import type { NamespaceSource, NamespaceView } from '../policy/namespace.ts';
import type { PolicyMessage } from '../policy/pod-policy.ts';
import type { BoundRules, Occasion, PolicySet } from '../policy/policy-set.ts';
import type { FactSource } from '../rules/facts.ts';
import { assess, decideMalformed } from './assess.ts';
import { type Decision, decide } from './decision.ts';
import { decideOnTemplates, sharedRuntimeClass } from './judge-templates.ts';
import { askedOfUpdate } from './pod-change.ts';
import { markPreexisting } from './preexisting.ts';
import { isTemplateChanged } from './update.ts';

/** An object of a kind that is a pod or will become pods, as it is to be stored. */
export interface AppliedObject {
  readonly object: unknown;
  readonly workload: Workload;
  readonly reference: ObjectReference;
  /** What it replaces; absent where it is new. */
  readonly oldObject?: unknown;
  /** The name of whoever applies it; absent where nobody does. */
  readonly user?: string;
}

/** What everything that judges needs to know: webhook, scanner and command line differ only in these values. */
export interface JudgeContext {
  readonly policies: PolicySet;
  readonly facts: FactSource;
  readonly namespaces: NamespaceSource;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What was decided of a request, and what its answer needs to know. */
export interface Judgement {
  readonly decision: Decision;
  /**
   * What a patch could repair. Absent where there was no pod to judge, or none that could be read, and with custom
   * kinds: kubectl cannot apply a strategic merge patch to those.
   */
  readonly pod?: PodView;
  /** Nothing where no policy has a say or nothing of the pod changed. */
  readonly asked: AskedRules;
  /** The policies and levels that were enforced, for the audit log. */
  readonly enforced: string;
  /** What policies add to their denials, by their names. */
  readonly messages: ReadonlyMap<string, PolicyMessage>;
}

const nothingToJudge: Judgement = { decision: decide([]), asked: nothingAsked, enforced: '', messages: new Map() };

/** The one way from an object to a verdict. */
export function judge(applied: AppliedObject, context: JudgeContext): Judgement | Promise<Judgement> {
  // A set that is swapped meanwhile is the next request's.
  const { policies, facts } = context;
  const namespace = context.namespaces.read(applied.reference.namespace);
  const judgeIn = (view: NamespaceView) =>
    judgeBy(policies.rulesFor(occasionOf(applied, view, context.now())), applied, facts);
  return namespace instanceof Promise ? namespace.then(judgeIn) : judgeIn(namespace);
}

function occasionOf(applied: AppliedObject, namespace: NamespaceView, now: number): Occasion {
  const { object, workload, user } = applied;
  let labels: ReadonlyMap<string, string> | undefined;
  return {
    subject: subjectOf(workload),
    namespace,
    user,
    now,
    labels() {
      // Many policies may ask, and whoever calls us may send a hundred thousand.
      labels ??= labelsOf(object);
      return labels;
    },
    runtimeClass() {
      if ('templates' in workload) return sharedRuntimeClass(object, workload);
      const name = valueAt(object, [...workload.path, 'spec', 'runtimeClassName']);
      return typeof name === 'string' ? name : undefined;
    },
  };
}

function judgeBy(bound: BoundRules, applied: AppliedObject, facts: FactSource): Judgement | Promise<Judgement> {
  const { rules, enforced, messages } = bound;
  if (rules.length === 0) return nothingToJudge;
  try {
    if (!isOnePod(applied)) return judgeTemplates(applied, { bound, facts });
    const pod = podToJudge(applied);
    if (pod === undefined) return nothingToJudge;
    const asked = askedOf(pod, applied, bound);
    if (asked === undefined) return nothingToJudge;
    const decision = decisionOn(pod, applied, { bound: asked, facts });
    const judgement = (settled: Decision): Judgement => ({ decision: settled, pod, asked, enforced, messages });
    return decision instanceof Promise ? decision.then(judgement) : judgement(decision);
  } catch (thrown) {
    if (!(thrown instanceof SekishoError)) throw thrown;
    return { decision: decideMalformed(thrown.message, rules), asked: bound, enforced, messages };
  }
}

interface Asked {
  readonly bound: BoundRules;
  readonly facts: FactSource;
}

interface AppliedPod extends AppliedObject {
  readonly workload: BuiltinWorkload;
}

function isOnePod(applied: AppliedObject): applied is AppliedPod {
  return 'path' in applied.workload;
}

function judgeTemplates(applied: AppliedObject, asked: Asked): Judgement | Promise<Judgement> {
  const { object, workload } = applied;
  // As with the templates of Kubernetes' own kinds: the owner was judged, and the pods will be.
  if (!('templates' in workload) || hasController(object)) return nothingToJudge;
  const decision = decideOnTemplates({ ...applied, workload }, asked);
  if (decision === undefined) return nothingToJudge;
  const { enforced, messages } = asked.bound;
  const judgement = (settled: Decision): Judgement => ({ decision: settled, asked: asked.bound, enforced, messages });
  return decision instanceof Promise ? decision.then(judgement) : judgement(decision);
}

function subjectOf(workload: Workload): Subject {
  return 'path' in workload && workload.path.length === 0 ? 'pod' : 'template';
}

/** A pod that exists is refused as upstream does it; of a template is said which violations the old one had too. */
function decisionOn(pod: PodView, applied: AppliedPod, { bound, facts }: Asked): Decision | Promise<Decision> {
  const decision = assess(pod, bound, facts);
  if (applied.oldObject === undefined || applied.workload.path.length === 0) return decision;
  const mark = (settled: Decision) => markPreexisting(settled, { pod, readOld: () => oldPodOf(applied), bound, facts });
  return decision instanceof Promise ? decision.then(mark) : mark(decision);
}

function podToJudge(applied: AppliedPod): PodView | undefined {
  const { object, workload, reference, oldObject } = applied;
  const pod = podViewOf(object, workload, reference);
  if (pod === undefined || workload.path.length === 0) return pod;
  // Its owner was judged and its pods will be; who applies it is a controller that cannot read an explanation.
  if (hasController(object)) return undefined;
  return oldObject !== undefined && !isTemplateChanged(object, oldObject, workload) ? undefined : pod;
}

/** What is asked of a pod; undefined where it exists, and nothing of it changed that anybody asks about. */
function askedOf(pod: PodView, applied: AppliedPod, bound: BoundRules): BoundRules | undefined {
  if (applied.workload.path.length > 0 || applied.oldObject === undefined) return bound;
  const old = oldPodOf(applied);
  // An old pod that cannot be read is no excuse: the new one is judged.
  return old === undefined ? bound : askedOfUpdate(bound, pod, old);
}

/** What was stored until now; undefined where there is no pod in it that can be read. */
function oldPodOf({ oldObject, workload, reference }: AppliedPod): PodView | undefined {
  try {
    return podViewOf(oldObject, workload, reference);
  } catch (thrown) {
    if (thrown instanceof SekishoError && thrown.code === 'PodMalformed') return undefined;
    throw thrown;
  }
}

function hasController(object: unknown): boolean {
  const owners = valueAt(object, ['metadata', 'ownerReferences']);
  return Array.isArray(owners) && owners.some((owner: unknown) => valueAt(owner, ['controller']) === true);
}
