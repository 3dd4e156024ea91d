import { messageOf } from '../error.ts';
import { valueAt } from '../pod/field-path.ts';
import { createPatchedCopy } from '../pod/patch.ts';
import { effectiveMinor } from '../pod/version.ts';
import { workloadOfKind } from '../pod/workload.ts';
import type { BoundRule } from '../policy/bound-rule.ts';
import { maySpeak } from '../policy/bound-rules.ts';
import type { NamespaceView } from '../policy/namespace.ts';
import { noStandards, readPodSecurityLabels, standardsOf } from '../policy/namespace-labels.ts';
import { podSecurityRules } from '../rules/index.ts';
import { type RuleVersion, ruleVersionAt } from '../rules/rule.ts';
import type { Finding } from './decision.ts';
import { type JudgeContext, judge } from './judge.ts';
import { type NamespaceChange, occasionIn } from './label-guard.ts';

/** Some pods of a namespace. */
export interface PodPage {
  readonly pods: readonly unknown[];
  /** Set where there are more that will not be handed out: how many. */
  readonly remaining?: number;
}

/** Where the pods of a namespace are read, as many as can be had at once. Rejects where they cannot be read to the end. */
export interface PodSource {
  pages(namespace: Pick<NamespaceChange, 'uid'> & { readonly name: string }): AsyncIterable<PodPage>;
}

/** Pods that would be refused for the same. */
export interface RefusedGroup {
  /** The first in the alphabet. */
  readonly pod: string;
  readonly count: number;
  /** By policy, the ids of the rules. */
  readonly refusals: ReadonlyMap<string, readonly string[]>;
}

/** What a change of labels means to the pods that are there. */
export interface RefusedPods {
  readonly groups: readonly RefusedGroup[];
  readonly checked: number;
  /** How many there are, where not all were looked at; 0: nobody knows. */
  readonly total?: number;
  /** Why not all of them were looked at. */
  readonly problem?: string;
}

/**
 * Which pods of the namespace would be refused by the new labels and were not by the old: as upstream's
 * `EvaluatePodsInNamespace` (admission/admission.go) asks, but of the policies. What the enforce label asks for is left
 * out, because the built-in admission of every API server warns of that itself, in the same answer. So nothing is said,
 * and no pod is read, unless a policy asks for more than the labels do. Undefined where that is so.
 */
export async function findRefusedPods(
  change: NamespaceChange,
  pods: PodSource,
  context: JudgeContext,
): Promise<RefusedPods | undefined> {
  const fresh = freshRules(change, context);
  if (fresh.size === 0) return undefined;
  const { after } = change;
  const { policies } = context;
  const under: PodContext = { ...context, policies, namespaces: { read: () => after }, namespace: after.name };
  const groups = new Map<string, RefusedGroup>();
  let checked = 0;
  try {
    for await (const page of pods.pages({ name: change.after.name, uid: change.uid })) {
      for (const pod of page.pods) {
        const refused = (await findingsOn(pod, under)).filter((finding) => isRefusal(finding, fresh));
        if (refused.length > 0) addTo(groups, nameOf(pod), refused);
      }
      checked += page.pods.length;
      if (page.remaining !== undefined) return { groups: inOrder(groups), checked, total: checked + page.remaining };
    }
  } catch (thrown) {
    return { groups: inOrder(groups), checked, total: 0, problem: messageOf(thrown) };
  }
  return { groups: inOrder(groups), checked };
}

/** What would be enforced and was not: by policy and rule. */
function freshRules({ before, after }: NamespaceChange, { policies, now }: JudgeContext): ReadonlySet<string> {
  const asked = new Map<string, Set<RuleVersion>>();
  // Also what another rule spoke for: that one refused whatever breaks this one.
  for (const { policy, version } of enforced(policies.rulesFor(occasionIn(before, now())).rules)) {
    asked.set(policy, (asked.get(policy) ?? new Set()).add(version));
  }
  const builtIn = builtInRules(after);
  const { rules, exceptions } = policies.rulesFor(occasionIn(after, now()));
  const fresh = enforced(rules.filter((bound) => maySpeak(bound, exceptions))).filter(
    ({ policy, version }) => !builtIn.has(version) && !asked.get(policy)?.has(version),
  );
  return new Set(fresh.map(({ policy, rule }) => keyOf(policy, rule.id)));
}

/** Facts are not fetched for pods that are there already: only rules that need none. */
function enforced(rules: readonly BoundRule[]): readonly BoundRule[] {
  return rules.filter(({ mode, rule }) => mode === 'Enforce' && rule.needs === undefined);
}

/** What the API server's own admission asks by these labels. */
function builtInRules({ labels = new Map() }: NamespaceView): ReadonlySet<RuleVersion> {
  const { level, version } = standardsOf(readPodSecurityLabels(labels), noStandards).Enforce;
  if (level === 'privileged') return new Set();
  const asked = podSecurityRules.filter((rule) => level === 'restricted' || rule.level === 'baseline');
  return new Set(asked.flatMap((rule) => ruleVersionAt(rule, effectiveMinor(version)) ?? []));
}

function keyOf(policy: string, rule: string): string {
  return `${policy} ${rule}`;
}

interface PodContext extends JudgeContext {
  readonly namespace: string;
}

const podWorkload = workloadOfKind('v1', 'Pod');

async function findingsOn(pod: unknown, { namespace, ...context }: PodContext): Promise<readonly Finding[]> {
  if (podWorkload === undefined) return [];
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace, name: nameOf(pod) };
  const { decision } = await judge({ object: unbound(pod), workload: podWorkload, reference }, context);
  return decision.findings;
}

/** As its owner would make it again: the node that every running pod names is the scheduler's word. */
function unbound(pod: unknown): unknown {
  if (valueAt(pod, ['spec', 'nodeName']) === undefined) return pod;
  const copy = createPatchedCopy(pod);
  copy.apply({ op: 'remove', path: ['spec', 'nodeName'] });
  return copy.value();
}

function isRefusal({ policy, rule, mode, exception }: Finding, fresh: ReadonlySet<string>): boolean {
  return mode === 'Enforce' && exception === undefined && fresh.has(keyOf(policy, rule.id));
}

function nameOf(pod: unknown): string {
  const name = valueAt(pod, ['metadata', 'name']);
  return typeof name === 'string' ? name : '';
}

function addTo(groups: Map<string, RefusedGroup>, pod: string, findings: readonly Finding[]): void {
  const refusals = new Map<string, string[]>();
  for (const { policy, rule } of findings) {
    const rules = refusals.get(policy) ?? [];
    if (!rules.includes(rule.id)) rules.push(rule.id);
    refusals.set(policy, rules.sort());
  }
  const key = [...refusals]
    .map(([policy, rules]) => keyOf(policy, rules.join()))
    .sort()
    .join('\n');
  const known = groups.get(key);
  if (known === undefined) groups.set(key, { pod, count: 1, refusals });
  else groups.set(key, { ...known, pod: pod < known.pod ? pod : known.pod, count: known.count + 1 });
}

function inOrder(groups: ReadonlyMap<string, RefusedGroup>): readonly RefusedGroup[] {
  return [...groups.values()].sort((a, b) => (a.pod < b.pod ? -1 : 1));
}
