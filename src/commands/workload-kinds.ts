import { z } from 'zod';
import { templatePathPattern } from '../core/pod/templates.ts';
import { workloadOfKind, workloadOfResource } from '../core/pod/workload.ts';
import type { WorkloadKind } from '../core/pod/workloads.ts';

/** A kind that becomes pods and is not one of Kubernetes' own, and one place in it where a pod template stands. */
export const workloadKind = z.strictObject({
  group: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the group of an API, such as argoproj.io')
    .describe('The group of the kind.'),
  kind: z
    .string()
    .max(63)
    .regex(/^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$/, 'must be the name of a kind, such as Rollout')
    .describe('The kind.'),
  resource: z
    .string()
    .max(63)
    .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, 'must be the plural of the kind in lower case, such as rollouts')
    .describe('Its plural, for the rules of the webhook configuration.'),
  path: z
    .string()
    .max(256)
    .regex(
      templatePathPattern,
      'must be the path of a pod template, such as spec.template or spec.replicatedJobs[*].template.spec.template',
    )
    .describe('Where a pod template stands; [*] behind a list whose every item is meant.'),
});

/** More than one cluster has, and few enough to be rules of one webhook. */
export const mostWorkloadKinds = 64;

/** The setting `workloadKinds`. A kind with templates in several places has several lines. */
export const workloadKinds = z
  .array(workloadKind)
  .max(mostWorkloadKinds)
  .superRefine((kinds, context) => {
    for (const [index, each] of kinds.entries()) {
      const problem = builtinProblem(each) ?? repetition(each, kinds.slice(0, index));
      if (problem === undefined) continue;
      const { field, message } = problem;
      context.addIssue({ code: 'custom', path: [index, field], message });
    }
  });

interface Problem {
  readonly field: keyof WorkloadKind;
  readonly message: string;
}

function builtinProblem({ group, kind, resource }: WorkloadKind): Problem | undefined {
  if (workloadOfKind(`${group}/v1`, kind) !== undefined) {
    return { field: 'kind', message: `${group} ${kind} is judged as it is: leave the line out` };
  }
  if (workloadOfResource(group, resource) !== undefined) {
    return { field: 'resource', message: `${resource} of ${group} are judged as they are: leave the line out` };
  }
  return undefined;
}

function repetition(each: WorkloadKind, before: readonly WorkloadKind[]): Problem | undefined {
  const inGroup = before.filter(({ group }) => group === each.group);
  for (const { kind, resource, path } of inGroup) {
    if (kind === each.kind && resource !== each.resource) {
      return { field: 'resource', message: `${each.group} ${kind} has the resource ${resource} in a line before` };
    }
    if (kind !== each.kind && resource === each.resource) {
      return { field: 'kind', message: `${resource} of ${each.group} have the kind ${kind} in a line before` };
    }
    if (kind === each.kind && path === each.path) {
      return { field: 'path', message: `stands in a line before for ${each.group} ${kind}: leave one out` };
    }
  }
  return undefined;
}
