import { parseTemplatePath } from './templates.ts';
import { type CustomWorkload, type Workload, workloadOfKind, workloadOfResource } from './workload.ts';

/** One line of the setting `workloadKinds`: a kind that the cluster was taught, and one place of it that holds templates. */
export interface WorkloadKind {
  readonly group: string;
  readonly kind: string;
  /** Its plural, as rules of a webhook configuration name it. */
  readonly resource: string;
  /** `spec.template`, or with lists on the way: `spec.replicatedJobs[*].template.spec.template`. */
  readonly path: string;
}

/** What a request is about, as the API server names it. */
interface Requested {
  readonly group: string;
  readonly resource: string;
  readonly kind: { readonly group: string; readonly kind: string };
}

/** All kinds that are judged: those of Kubernetes, and those of the settings. */
export interface Workloads {
  /** Of the settings. */
  readonly custom: readonly CustomWorkload[];
  ofRequest(request: Requested): Workload | undefined;
  /** Any version of a group counts. */
  ofKind(apiVersion: string, kind: string): Workload | undefined;
}

/** Several lines of one kind are one workload with pods in several places. */
export function createWorkloads(kinds: readonly WorkloadKind[]): Workloads {
  const byKind = new Map<string, CustomWorkload>();
  const byResource = new Map<string, CustomWorkload>();
  for (const { group, kind, resource, path } of kinds) {
    const templates = [...(byKind.get(`${group}/${kind}`)?.templates ?? []), parseTemplatePath(path)];
    const workload = { group, kind, resource, templates };
    byKind.set(`${group}/${kind}`, workload);
    byResource.set(`${group}/${resource}`, workload);
  }
  return {
    custom: [...byKind.values()],
    ofRequest({ group, resource, kind }) {
      const known = workloadOfResource(group, resource) ?? byKind.get(`${kind.group}/${kind.kind}`);
      // A subresource (`scale`) brings an object of another group, which holds no template. Of the same group it is what
      // the settings meant, with its kind misspelt there: to pass it in silence would be a hole that nobody sees.
      return known ?? (kind.group === group ? byResource.get(`${group}/${resource}`) : undefined);
    },
    ofKind(apiVersion, kind) {
      const group = apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));
      return workloadOfKind(apiVersion, kind) ?? byKind.get(`${group}/${kind}`);
    },
  };
}

/** Where no settings say more. */
export const builtinWorkloads: Workloads = createWorkloads([]);
