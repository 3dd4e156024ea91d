import { z } from 'zod';
import { podLevel } from '../pod/effective-resources.ts';
import { type FieldPath, valueAt } from '../pod/field-path.ts';
import type { ContainerClass, ContainerView, PodView } from '../pod/pod-view.ts';
import { type Quantity, zeroQuantity } from '../pod/quantity.ts';
import { formatQuantity } from '../pod/quantity-text.ts';
import {
  isNothing,
  isSharedResource,
  quantityIn,
  type ResourceField,
  type Stated,
  statedQuantity,
} from '../pod/stated-quantity.ts';
import { crdRule } from './crd-rule.ts';
import { once, quantities, quantityOf } from './resource-params.ts';
import type { Report, Violation } from './rule.ts';

/** Where the sum of a pod is bounded, and each container of a kind. */
const places = ['containers', 'init', 'sidecars', 'pod'] as const;

/** The settings of a rule that bounds amounts. */
export const resourceBounds = z
  .strictObject({
    containers: quantities(
      'For each container; also for init containers and sidecars, where these have none of their own.',
    ),
    init: quantities('For each init container, by resource in place of what holds for containers.'),
    sidecars: quantities(
      'For each init container that restarts always, by resource in place of what holds for containers.',
    ),
    pod: quantities('For the pod as a whole, its overhead included, as the scheduler adds it up.'),
  })
  .check(
    crdRule({
      cel: places.map((place) => `has(self.${place})`).join(' || '),
      check: (bounds) => places.some((place) => bounds[place] !== undefined),
      message: `must name one of ${places.join(', ')}`,
    }),
  );

type ResourceBounds = z.output<typeof resourceBounds>;

/** What holds of one resource. */
interface Bound {
  readonly name: string;
  readonly of: Readonly<Record<Exclude<ContainerClass, 'ephemeral'>, Quantity | undefined>>;
  readonly pod: Quantity | undefined;
}

/** By resource, in the order of the policy. */
const boundsOf = once((params: ResourceBounds): readonly Bound[] => {
  const names = new Set(places.flatMap((place) => Object.keys(params[place] ?? {})));
  return [...names].map((name) => {
    const at = (place: (typeof places)[number]): Quantity | undefined => {
      const amounts = params[place];
      const amount = amounts !== undefined && Object.hasOwn(amounts, name) ? amounts[name] : undefined;
      return amount === undefined ? undefined : quantityOf(amount);
    };
    // A kind of container that a policy forgets must not be the way around it.
    const regular = at('containers');
    return { name, of: { regular, init: at('init') ?? regular, sidecar: at('sidecars') ?? regular }, pod: at('pod') };
  });
});

/**
 * What is wrong with an amount: it is no quantity; it breaks the bound; with those of the other containers it does. A limit
 * may be so because it is the request where none stands; and there may be no limit at all.
 */
export type BoundProblem<F extends ResourceField = ResourceField> =
  | 'invalid'
  | 'bound'
  | 'sum'
  | { readonly requests: 'defaulted'; readonly limits: 'unbounded' }[F];

/** A question of bounds. */
export interface BoundCheck<F extends ResourceField = ResourceField> {
  readonly field: F;
  /** What the pod as a whole has. */
  total(pod: PodView, name: string): Stated;
  breaks(amount: Quantity, bound: Quantity): boolean;
}

/** Every amount that breaks a bound, container by container, then those of the pod as a whole. */
export function outOfBounds<F extends ResourceField>(
  pod: PodView,
  report: Report<BoundProblem<F>>,
  { params, check }: { readonly params: ResourceBounds; readonly check: BoundCheck<F> },
): undefined {
  const bounds = boundsOf(params);
  // The helpers know problems of either field; a check of one finds only its own.
  const tell = (violation: Found): void => {
    if (violation !== undefined) report(violation as Violation<BoundProblem<F>>);
  };
  for (const view of pod.containers) {
    if (view.class === 'ephemeral') continue;
    for (const bound of bounds) tell(ofContainer(view, bound, check));
  }
  for (const bound of bounds) tell(ofPod(pod, bound, check));
}

type Found = Violation<BoundProblem> | undefined;

function ofContainer({ class: kind, path, container }: ContainerView, { name, of }: Bound, check: BoundCheck): Found {
  const { resources } = container;
  let field: ResourceField = check.field;
  let amount = statedQuantity(resources, field, name);
  if (amount === undefined && field === 'requests') {
    field = 'limits';
    amount = statedQuantity(resources, field, name);
  }
  if (amount === undefined) return undefined;
  const bound = kind === 'ephemeral' ? undefined : of[kind];
  if (amount !== 'invalid' && (bound === undefined || !check.breaks(amount, bound))) return undefined;
  const found = valueAt(resources, [field, name]);
  const at = [...path, 'resources', field, name];
  if (amount === 'invalid' || bound === undefined) return { path: at, message: 'invalid', found };
  const message = field === check.field ? 'bound' : 'defaulted';
  return { path: at, message, found, expected: { bound: [formatQuantity(bound)] } };
}

/** The place of what the pod as a whole has is where it can be stated, also where it is only the sum of others. */
function ofPod(pod: PodView, { name, pod: bound }: Bound, check: BoundCheck): Found {
  if (bound === undefined) return undefined;
  const amount = check.total(pod, name);
  if (amount === 'invalid') return invalidOfPod(pod, name);
  const open = check.field === 'limits' && isSharedResource(name) ? openContainers(pod, name) : [];
  const breaks = check.breaks(amount ?? zeroQuantity, bound);
  if (!breaks && open.length === 0) return undefined;
  const path = ['spec', 'resources', check.field, name];
  const found = valueAt(pod, path);
  const expected = { bound: [formatQuantity(bound)] };
  const own = podLevel(pod, check.field, name);
  if (!breaks) return { path, message: 'unbounded', found, expected: { ...expected, containers: open } };
  if (own !== undefined && own !== 'invalid' && check.breaks(own, bound)) {
    return { path, message: 'bound', found, expected };
  }
  return { path, message: 'sum', found, expected: { ...expected, sum: [formatQuantity(amount ?? zeroQuantity)] } };
}

/** The names of those that may take any amount; none where the pod as a whole may not. */
function openContainers(pod: PodView, name: string): readonly string[] {
  const own = podLevel(pod, 'limits', name);
  if (own !== undefined && own !== 'invalid' && !isNothing(name, own)) return [];
  const open: string[] = [];
  for (const {
    class: kind,
    name: container,
    container: { resources },
  } of pod.containers) {
    if (kind === 'ephemeral') continue;
    const limit = statedQuantity(resources, 'limits', name);
    if (limit === undefined || (limit !== 'invalid' && isNothing(name, limit))) open.push(container);
  }
  return open;
}

/** Of the pod itself; what is wrong in a container is said there. */
function invalidOfPod(pod: PodView, name: string): Found {
  const paths: readonly FieldPath[] = [
    ['spec', 'resources', 'requests', name],
    ['spec', 'resources', 'limits', name],
    ['spec', 'overhead', name],
  ];
  const path = paths.find((each) => quantityIn(valueAt(pod, each.slice(0, -1)), name) === 'invalid');
  return path && { path, message: 'invalid', found: valueAt(pod, path) };
}
