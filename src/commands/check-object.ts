import type { Finding } from '../core/engine/decision.ts';
import { type JudgeContext, judge } from '../core/engine/judge.ts';
import { deniedViolations, proposeRepair } from '../core/engine/repair.ts';
import type { ObjectReference } from '../core/pod/pod-view.ts';
import type { Workload } from '../core/pod/workload.ts';
import type { Workloads } from '../core/pod/workloads.ts';
import type { CheckedObject } from '../core/render/check-result.ts';
import type { ManifestObject } from '../io/files/manifest-objects.ts';
import type { EmptyKinds } from './empty-kinds.ts';

/** What manifests are judged by. */
export interface CheckContext extends JudgeContext {
  /** Where objects that name none are judged. */
  readonly namespace: string;
  readonly workloads: Workloads;
  readonly emptyKinds: EmptyKinds;
}

/** What an object was read from. */
export type Origin = Pick<CheckedObject, 'file' | 'rendered'>;

/** Undefined where no rule is broken. */
export async function checkObject(
  object: ManifestObject,
  origin: Origin,
  context: CheckContext,
): Promise<CheckedObject | undefined> {
  const workload = context.workloads.ofKind(object.apiVersion, object.kind);
  if (workload === undefined) return undefined;
  context.emptyKinds.saw(workload, object.value);
  return checkWorkload({ object, workload, origin }, context);
}

interface FoundWorkload {
  readonly object: ManifestObject;
  readonly workload: Workload;
  readonly origin: Origin;
}

async function checkWorkload(
  { object, workload, origin }: FoundWorkload,
  context: CheckContext,
): Promise<CheckedObject | undefined> {
  const { apiVersion, kind, name, template } = object;
  const reference: ObjectReference = { apiVersion, kind, name, namespace: object.namespace || context.namespace };
  const { decision, pod, asked } = await judge({ object: object.value, workload, reference }, context);
  if (decision.findings.length === 0) return undefined;
  const findings = decision.findings.map((finding: Finding) => ({ finding, ...object.positionOf(finding.path) }));
  const repair = pod === undefined ? undefined : proposeRepair(pod, asked, deniedViolations(decision));
  return { ...origin, template, reference, findings, ...(repair === undefined ? {} : { repair }) };
}
