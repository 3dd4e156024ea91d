import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { FieldPath } from './field-path.ts';

/** Which list of the pod a container stands in; a sidecar is an init container that restarts always. */
export type ContainerClass = 'init' | 'sidecar' | 'regular' | 'ephemeral';

/** One container of any class, and where it stands in the pod. */
export interface ContainerView {
  readonly class: ContainerClass;
  /** Relative to the pod: `['spec', 'initContainers', 0]`. */
  readonly path: FieldPath;
  readonly name: string;
  readonly container: V1Container;
}

/** The object somebody applied: a pod, or what will become pods. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface PodMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * What rules look at: one pod, or the template of one, inside the object that was applied. The types of Kubernetes'
 * client are a promise only: objects are objects and lists are lists (workload.ts checks), every scalar may be anything.
 */
export interface PodView {
  readonly object: ObjectReference;
  /** From the applied object to the pod: `[]` for a Pod, `['spec', 'template']` for a Deployment. */
  readonly path: FieldPath;
  readonly metadata: PodMetadata;
  readonly spec: V1PodSpec;
  /** Every container of every class, in upstream's order: init, regular, ephemeral. */
  readonly containers: readonly ContainerView[];
}

/** The two parts of a pod that rules look at. */
export type PodParts = Pick<PodView, 'metadata' | 'spec'>;

/** `spec.os.name` is exactly `windows`, the condition of every Windows relaxation upstream (since v1.25). */
export function isWindowsPod(pod: PodParts): boolean {
  return pod.spec.os?.name === 'windows';
}

/** `spec.hostUsers` is exactly false: upstream's `relaxPolicyForUserNamespacePod` (since v1.35). */
export function hasUserNamespace(pod: PodView): boolean {
  return pod.spec.hostUsers === false;
}

/** The container in which a path of a violation lies: `['spec', 'containers', 0, …]`. */
export function containerAt({ containers }: PodView, [, list, index]: FieldPath): ContainerView | undefined {
  if (typeof index !== 'number') return undefined;
  // The classes stand one behind the other, so the index within the class is never beyond the one in the whole.
  for (let i = index; i < containers.length; i++) {
    const view = containers[i];
    if (view !== undefined && view.path[1] === list && view.path[2] === index) return view;
  }
  return undefined;
}
