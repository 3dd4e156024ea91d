import type { V1Container } from '@kubernetes/client-node';
import type { PodParts } from './pod-view.ts';
import { addQuantities, compareQuantities, type Quantity } from './quantity.ts';
import {
  isHugePages,
  isPodLevelResource,
  quantityIn,
  type ResourceField,
  type Stated,
  statedQuantity,
} from './stated-quantity.ts';

/*
 * What a pod as a whole asks for and may use, by k8s.io/component-helpers v0.37.1, resource/helpers.go. There whole lists
 * are added; each resource is on its own in that, so here it is one at a time. Ephemeral containers have no resources.
 */

/** `PodRequests`. Invalid where a quantity is that goes into it. */
export function podRequest(pod: PodParts, name: string): Stated {
  const own = podLevel(pod, 'requests', name);
  return plus(own ?? sum(pod, (container) => statedIn(container, 'requests', name)), overheadOf(pod, name));
}

/** `PodLimits`. Where a container has no limit this is the sum of the others. */
export function podLimit(pod: PodParts, name: string): Stated {
  const limit = podLevel(pod, 'limits', name) ?? sum(pod, (container) => statedIn(container, 'limits', name));
  // What is without limit stays so.
  if (limit === undefined || limit === 'invalid' || limit.nano === 0n) return limit;
  return plus(limit, overheadOf(pod, name));
}

/**
 * `PodRequests` of the pod as it will be stored: in a pod, though in no template, the API server makes limits the requests
 * that are missing (`SetDefaults_Pod`, `defaultPodRequests`).
 */
export function defaultedPodRequest(pod: PodParts, name: string): Stated {
  return plus(requestWithoutOverhead(pod, name), overheadOf(pod, name));
}

/** The same of the containers alone. */
export function requestWithoutOverhead(pod: PodParts, name: string): Stated {
  const own = podLevel(pod, 'requests', name);
  if (own !== undefined) return own;
  const limit = podLevel(pod, 'limits', name);
  if (limit !== undefined && isHugePages(name)) return limit;
  return sum(pod, (container) => statedIn(container, 'requests', name) ?? statedIn(container, 'limits', name)) ?? limit;
}

/** What `spec.resources` says of the pod as a whole, where it has a say. */
export function podLevel({ spec }: PodParts, field: ResourceField, name: string): Stated {
  return isPodLevelResource(name) ? statedQuantity(spec.resources, field, name) : undefined;
}

function overheadOf({ spec }: PodParts, name: string): Stated {
  return quantityIn(spec.overhead, name);
}

function statedIn({ resources }: V1Container, field: ResourceField, name: string): Stated {
  return statedQuantity(resources, field, name);
}

/**
 * `aggregateContainerResourcesByFn`: containers and sidecars run together; an init container runs beside the sidecars
 * that were started before it, and the pod needs at least what the greediest of these moments does.
 */
function sum({ spec }: PodParts, of: (container: V1Container) => Stated): Stated {
  let together: Stated;
  let sidecars: Stated;
  let greatest: Stated;
  for (const container of spec.containers ?? []) together = plus(together, of(container));
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (container.restartPolicy === 'Always') {
      together = plus(together, own);
      sidecars = plus(sidecars, own);
      greatest = greater(greatest, sidecars);
    } else {
      greatest = greater(greatest, plus(own, sidecars));
    }
  }
  return greater(together, greatest);
}

function plus(a: Stated, b: Stated): Stated {
  return combined(a, b, addQuantities);
}

function greater(a: Stated, b: Stated): Stated {
  return combined(a, b, (one, other) => (compareQuantities(other, one) > 0 ? other : one));
}

function combined(a: Stated, b: Stated, combine: (a: Quantity, b: Quantity) => Quantity): Stated {
  if (a === 'invalid' || b === 'invalid') return 'invalid';
  if (a === undefined || b === undefined) return a ?? b;
  return combine(a, b);
}
