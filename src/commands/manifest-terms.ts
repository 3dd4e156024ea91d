import type { Workloads } from '../core/pod/workloads.ts';
import { createWorkloads } from '../core/pod/workloads.ts';
import type { Mode } from '../core/policy/mode.ts';
import { createPolicySet, type PolicySet } from '../core/policy/policy-set.ts';
import { type NamespaceLabels, readNamespaceLabels } from '../io/files/namespaces.ts';
import { readPolicies, warnOnStderr } from '../io/files/policies.ts';
import type { CheckOptions } from './check.ts';
import { createEmptyKinds, type EmptyKinds } from './empty-kinds.ts';
import { warnOfIdleExceptions } from './idle-exceptions.ts';
import { readSettings } from './settings.ts';

/** What manifests are judged by where there is no cluster, as the options say it that `check` and `fix` share. */
export interface ManifestTerms {
  readonly policies: PolicySet;
  /** Labels of namespaces, which come before those of the Namespace objects among the manifests. */
  readonly stated: NamespaceLabels;
  readonly workloads: Workloads;
  readonly emptyKinds: EmptyKinds;
  /** Where objects that name none are judged. */
  readonly namespace: string;
  /** A violation in this mode, or a stricter one, is what `--fail-on` means. */
  readonly weakest: Mode;
}

const weakestMode: Readonly<Record<CheckOptions['failOn'], Mode>> = { deny: 'Enforce', warn: 'Warn', audit: 'Audit' };

export type TermsOptions = Pick<CheckOptions, 'policy' | 'config' | 'failOn' | 'namespace' | 'namespaceLabels'>;

export async function readManifestTerms(options: TermsOptions): Promise<ManifestTerms> {
  const objects = await readPolicies(options.policy ?? []);
  warnOfIdleExceptions(objects, warnOnStderr);
  const { namespace, namespaceLabels, failOn } = options;
  return {
    policies: createPolicySet({ ...objects, ceiling: 'Enforce' }),
    stated: namespaceLabels === undefined ? new Map() : await readNamespaceLabels(namespaceLabels),
    workloads: createWorkloads((await readSettings(options.config)).workloadKinds),
    emptyKinds: createEmptyKinds(),
    namespace,
    weakest: weakestMode[failOn],
  };
}
