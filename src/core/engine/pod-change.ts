import { valueAt } from '../pod/field-path.ts';
import { type ContainerView, containerAt, type PodView } from '../pod/pod-view.ts';
import type { BoundRule } from '../policy/bound-rule.ts';
import type { BoundRules } from '../policy/policy-set.ts';
import type { Concern, Rule, Violation } from '../rules/rule.ts';
import { deepEquals, isSignificantPodUpdate } from './update.ts';

/*
 * What an update of a stored pod is held against. A pod that is older than a policy must stay possible to label, resize
 * and debug: a rule is asked again only where something changed that it reads, and only that counts.
 */

/** Of a pod that exists; undefined where nothing that rules read has changed. */
export function askedOfUpdate(bound: BoundRules, pod: PodView, old: PodView): BoundRules | undefined {
  const change = changeOf(pod, old);
  const rules = concernedBy(change, bound.rules);
  if (rules.length === 0) return undefined;
  return { ...bound, rules, scope: (rule, violation) => concerns(change, rule, { pod, violation }) };
}

interface PodChange {
  /** What upstream asks the Pod Security Standards again for. */
  readonly significant: boolean;
  /** Containers, and image volumes by their index, whose image was not there before. */
  readonly images: ReadonlySet<ContainerView | number>;
  /** Containers whose `resources` changed. */
  readonly resources: ReadonlySet<ContainerView>;
  /** Those, or the pod's own. */
  readonly resized: boolean;
  readonly metadata: boolean;
  /** Containers that are new. */
  readonly containers: ReadonlySet<ContainerView>;
}

function changeOf(pod: PodView, old: PodView): PodChange {
  const before = containersByPlace(old);
  const differing = (differs: (view: ContainerView, was: ContainerView | undefined) => boolean) =>
    new Set(pod.containers.filter((view) => differs(view, before.get(placeOf(view)))));
  const resources = differing((view, was) => !deepEquals(view.container.resources, was?.container.resources));
  const images = differing((view, was) => view.container.image !== was?.container.image);
  return {
    significant: isSignificantPodUpdate(pod, old),
    images: new Set<ContainerView | number>([...images, ...imageVolumes(pod, old)]),
    resources,
    resized: resources.size > 0 || !deepEquals(podResources(pod), podResources(old)),
    metadata: !deepEquals(pod.metadata.labels, old.metadata.labels) || !sameAnnotations(pod, old),
    containers: differing((_, was) => was === undefined),
  };
}

function sameAnnotations(pod: PodView, old: PodView): boolean {
  return deepEquals(pod.metadata.annotations, old.metadata.annotations);
}

function podResources({ spec }: PodView): unknown {
  return valueAt(spec, ['resources']);
}

/** The first of a name counts, the API server refuses a second. */
function containersByPlace({ containers }: PodView): ReadonlyMap<string, ContainerView> {
  return new Map(containers.map((view): [string, ContainerView] => [placeOf(view), view]).reverse());
}

/** Its list and its name. */
function placeOf({ path, name }: ContainerView): string {
  return `${path[1]} ${name}`;
}

/** Immutable today; should that change, their images count as those of containers do. */
function imageVolumes(pod: PodView, old: PodView): readonly number[] {
  const before = new Map((old.spec.volumes ?? []).map(({ name, image }) => [name, image?.reference]));
  return [...(pod.spec.volumes ?? []).entries()].flatMap(([index, { name, image }]) =>
    image?.reference === before.get(name) ? [] : [index],
  );
}

/** What may have something to say. */
function concernedBy(change: PodChange, rules: readonly BoundRule[]): readonly BoundRule[] {
  const changed: Readonly<Record<Concern | 'standards', boolean>> = {
    standards: change.significant,
    images: change.images.size > 0,
    resources: change.resized,
    metadata: change.metadata,
    containers: change.containers.size > 0,
  };
  const key = Object.values(changed).map(Number).join('');
  // Most updates of pods change none of it, and many policies may ask.
  const known = concerned.get(rules)?.get(key);
  if (known !== undefined) return known;
  const found = rules.filter(({ rule }) => changed[rule.reads ?? 'standards']);
  const byKey = concerned.get(rules) ?? new Map<string, readonly BoundRule[]>();
  concerned.set(rules, byKey.set(key, found));
  return found;
}

const concerned = new WeakMap<readonly BoundRule[], Map<string, readonly BoundRule[]>>();

interface ViolationIn {
  readonly pod: PodView;
  readonly violation: Violation;
}

/** Whether a violation is of what changed, and not of what was there before. */
function concerns(change: PodChange, { reads }: Rule, { pod, violation: { path } }: ViolationIn): boolean {
  if (reads === undefined || reads === 'metadata') return true;
  const container = containerAt(pod, path);
  if (reads === 'resources') return container === undefined ? change.resized : change.resources.has(container);
  if (container !== undefined) return change[reads].has(container);
  const [, list, index] = path;
  return reads === 'images' && list === 'volumes' && typeof index === 'number' && change.images.has(index);
}
