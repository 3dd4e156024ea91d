import { z } from 'zod';
import { valueAt } from '../pod/field-path.ts';
import type { PatchOperation } from '../pod/patch.ts';
import type { ContainerView, PodParts, PodView } from '../pod/pod-view.ts';
import { compareQuantities } from '../pod/quantity.ts';
import {
  isNothing,
  isPodLevelResource,
  isSharedResource,
  type ResourceField,
  type Resources,
  statedQuantity,
} from '../pod/stated-quantity.ts';
import { crdRule } from './crd-rule.ts';
import { type Quantities, quantities, quantityOf, resourceNames } from './resource-params.ts';
import type { Report, Violation } from './rule.ts';

/** The settings of a rule that wants something stated: `a limit`. */
export const requiredResources = (wanted: string) =>
  z
    .strictObject({
      resources: resourceNames.describe(`The resources of which every container must state ${wanted}.`),
      suggest: quantities('What to propose where it is missing, by resource.'),
    })
    .check(
      crdRule({
        cel: '!has(self.suggest) || self.suggest.all(name, name in self.resources)',
        check: ({ resources, suggest = {} }) => Object.keys(suggest).every((name) => resources.includes(name)),
        message: 'must be of resources that the rule requires',
        path: ['suggest'],
        locate: ({ resources, suggest = {} }) => [
          'suggest',
          ...Object.keys(suggest)
            .filter((name) => !resources.includes(name))
            .slice(0, 1),
        ],
      }),
    );

/** What is wrong with a resource that must be stated. */
export type RequiredProblem = 'missing' | 'nothing' | 'invalid';

/** Resources, and the fields of which one has to state each. */
interface ResourceDemand {
  readonly names: readonly string[];
  readonly fields: readonly [ResourceField, ...ResourceField[]];
}

/**
 * The containers in which nothing is stated: in the first of these fields, nor in those that stand in for it. Where the
 * pod as a whole states it, they need not.
 */
export function unstated(pod: PodView, report: Report<RequiredProblem>, { names, fields }: ResourceDemand): undefined {
  const whole = pod.spec.resources;
  const asked = whole === undefined ? names : names.filter((name) => !statesForPod(whole, name, fields));
  for (const view of pod.containers) {
    if (view.class === 'ephemeral') continue;
    for (const name of asked) {
      const violation = unstatedIn(view, name, fields);
      if (violation !== undefined) report(violation);
    }
  }
  if (whole === undefined) return;
  for (const name of names.filter(isPodLevelResource)) {
    for (const field of fields) {
      if (statedQuantity(whole, field, name) !== 'invalid') continue;
      const path = ['spec', 'resources', field, name];
      report({ path, message: 'invalid', found: valueAt(pod, path) });
    }
  }
}

function statesForPod(resources: Resources, name: string, fields: readonly ResourceField[]): boolean {
  if (!isPodLevelResource(name)) return false;
  return fields.some((field) => {
    const amount = statedQuantity(resources, field, name);
    return amount !== undefined && amount !== 'invalid' && !isNothing(name, amount);
  });
}

function unstatedIn(
  { path, container }: ContainerView,
  name: string,
  fields: readonly [ResourceField, ...ResourceField[]],
): Violation<RequiredProblem> | undefined {
  for (const field of fields) {
    const amount = statedQuantity(container.resources, field, name);
    if (amount === undefined) continue;
    if (amount !== 'invalid' && !isNothing(name, amount)) return undefined;
    const found = valueAt(container, ['resources', field, name]);
    return { path: [...path, 'resources', field, name], message: amount === 'invalid' ? 'invalid' : 'nothing', found };
  }
  return { path: [...path, 'resources', fields[0], name], message: 'missing' };
}

/** What a policy suggests, where the API server would take it beside what the container states already. */
export function* suggestion(
  pod: PodParts,
  { path }: Violation,
  suggest: Quantities | undefined,
): Generator<PatchOperation> {
  const name = String(path.at(-1));
  const field = path.at(-2);
  const amount = suggest !== undefined && Object.hasOwn(suggest, name) ? suggest[name] : undefined;
  // What the pod as a whole states is no container's to repair.
  if (amount === undefined || path[1] === 'resources') return;
  const resources = path.slice(0, -2);
  const other = field === 'limits' ? 'requests' : 'limits';
  const beside = statedQuantity(valueAt(pod, resources) as Resources, other, name);
  if (beside === 'invalid') return;
  const difference = beside === undefined ? 0 : compareQuantities(quantityOf(amount), beside);
  if (!isSharedResource(name)) {
    // Requests that are not shared must be the limits, and where only limits stand they are.
    if (difference === 0) yield { op: 'add', path: [...resources, 'limits', name], value: amount };
  } else if (field === 'limits' ? difference >= 0 : difference <= 0) {
    yield { op: 'add', path, value: amount };
  }
}
