import { SekishoError } from '../error.ts';
import { valueAt } from '../pod/field-path.ts';
import type { ContainerView, PodView } from '../pod/pod-view.ts';
import { type Template, templateKey } from '../pod/templates.ts';
import type { BuiltinWorkload, Workload } from '../pod/workload.ts';

/**
 * Subresources of pods that cannot change what runs: upstream's `ignoredPodSubresources` (admission/admission.go).
 * Any other, also one that a future Kubernetes adds, is evaluated.
 */
const harmlessPodSubresources: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
]);

/** Whether a request to a subresource can bring a pod that must be judged. Controllers' (`scale`, `status`) cannot. */
export function isJudgedSubresource(workload: Workload, subresource: string): boolean {
  if (subresource === '') return true;
  return workload.group === '' && workload.resource === 'pods' && !harmlessPodSubresources.has(subresource);
}

/**
 * Whether an update changed what a pod runs: upstream's `isSignificantPodUpdate` (admission/admission.go).
 * Almost everything else in a stored pod is immutable, and what is not (labels, tolerations, finalizers) must stay
 * possible on pods that are older than the policy. `deletionTimestamp` does not count: a deleting pod still runs.
 */
export function isSignificantPodUpdate(pod: PodView, old: PodView): boolean {
  return (
    imagesDiffer(pod.spec.containers, old.spec.containers) ||
    imagesDiffer(pod.spec.initContainers, old.spec.initContainers) ||
    ephemeralContainersDiffer(pod, old)
  );
}

type Container = Pick<ContainerView['container'], 'name' | 'image'>;
type Containers = readonly Container[] | null | undefined;

function imagesDiffer(containers: Containers, old: Containers): boolean {
  const before = old ?? [];
  const after = containers ?? [];
  return after.length !== before.length || after.some((container, index) => imageDiffers(container, before[index]));
}

function ephemeralContainersDiffer(pod: PodView, old: PodView): boolean {
  // The first of a name counts, as upstream's loop has it; the API server refuses a second.
  const known: Containers = old.spec.ephemeralContainers ?? [];
  const after: Containers = pod.spec.ephemeralContainers ?? [];
  return after.some((container) => {
    const same = known.find(({ name }) => name === container.name);
    return same === undefined || imageDiffers(container, same);
  });
}

function imageDiffers(container: Container, old: Container | undefined): boolean {
  return (container.image ?? '') !== (old?.image ?? '');
}

/** Whether an update changed the template of a controller. Scaling and labelling it leave the template alone. */
export function isTemplateChanged(object: unknown, oldObject: unknown, workload: BuiltinWorkload): boolean {
  return !deepEquals(valueAt(object, workload.path), valueAt(oldObject, workload.path));
}

/** The same of an object with several: whether one of them was not there before, in whichever order they stand now. */
export function isAnyTemplateChanged(templates: readonly Template[], old: ReadonlyMap<string, Template>): boolean {
  return templates.some((template) => !deepEquals(template.value, old.get(templateKey(template))?.value));
}

/** Deeper than any template that Kubernetes can store; the walk stops here instead of overflowing the stack. */
const deepest = 200;

export function requireShallow(depth: number): void {
  if (depth < deepest) return;
  throw new SekishoError('NestedTooDeeply', `the template is nested deeper than ${deepest} levels`);
}

/** Whether two values of JSON are the same, in whichever order their fields stand. Throws `NestedTooDeeply`. */
export function deepEquals(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  requireShallow(depth);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  return keys.every((key) => Object.hasOwn(right, key) && deepEquals(left[key], right[key], depth + 1));
}
