import type { V1ResourceRequirements } from '@kubernetes/client-node';
import { type Quantity, readQuantity } from './quantity.ts';

/** What somebody asks for, or may use at most. */
export type ResourceField = 'requests' | 'limits';

/** What stands there: nothing, a quantity, or what the API server would refuse as one. */
export type Stated = Quantity | 'invalid' | undefined;

/** The `resources` of a container, or of the pod as a whole. */
export type Resources = V1ResourceRequirements | null | undefined;

export function statedQuantity(resources: Resources, field: ResourceField, name: string): Stated {
  return quantityIn(resources?.[field], name);
}

/** Of a list of resources: the API server takes no quantity below 0 in any. */
export function quantityIn(list: unknown, name: string): Stated {
  if (typeof list !== 'object' || list === null || !Object.hasOwn(list, name)) return undefined;
  const quantity = readQuantity((list as Readonly<Record<string, unknown>>)[name]);
  return quantity === undefined || quantity.about < 0 ? 'invalid' : quantity;
}

/**
 * What a container may use without limit, and may be promised less of than it uses. Of all other resources it has none
 * without a limit, and its request is its limit: the API server sees to that (`IsOvercommitAllowed`).
 */
const shared: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

export function isSharedResource(name: string): boolean {
  return shared.has(name);
}

/** A limit of 0 is none to the kubelet, and a request of 0 none to the scheduler, of what is shared. */
export function isNothing(name: string, quantity: Quantity): boolean {
  return quantity.about === 0 && isSharedResource(name);
}

/** `IsSupportedPodLevelResource`: what `spec.resources` may speak of. */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}
