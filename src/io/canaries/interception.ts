import { listAt, valueAt } from '../../core/pod/field-path.ts';
import { type CustomWorkload, workloads } from '../../core/pod/workload.ts';
import { nameLabel } from '../../core/policy/namespace.ts';
import type { PathState } from './path-state.ts';

/** What reaches a pod, as rules of a webhook configuration name it. */
interface Expected {
  /** `pods/resize`; with its group where that is not Kubernetes' own: several have `jobs`. */
  readonly path: string;
  readonly group: string;
  /** `pods/resize`. */
  readonly resource: string;
  readonly operations: readonly string[];
  /** How rules may say the versions that requests come in. */
  readonly versions: readonly string[];
}

const operations = ['CREATE', 'UPDATE'];
const versions = ['v1', '*'];

/** Subresources exist only for pods that are there, so nobody creates them. */
const expected: readonly Expected[] = [
  ...workloads.map(({ group, resource }) => ({ path: resource, group, resource, operations, versions })),
  ...['pods/ephemeralcontainers', 'pods/resize'].map((path) => {
    return { path, group: '', resource: path, operations: ['UPDATE'], versions };
  }),
];

/** A kind of the settings, as rules of a webhook configuration name it. */
export type CustomResource = Pick<CustomWorkload, 'group' | 'resource'>;

/** The settings name no version, and which ones the cluster serves is not known: a rule for one is not all. */
function expectedOf({ group, resource }: CustomResource): Expected {
  return { path: `${resource}.${group}`, group, resource, operations, versions: ['*'] };
}

/**
 * Matches a live ValidatingWebhookConfiguration in code, for what no canary can show: updates, and subresources of
 * stored pods. A selector by labels other than the namespace's name is left to the canaries, which pass it as well.
 */
export function interceptionOf(
  configuration: unknown,
  canaryNamespace: string,
  custom: readonly CustomResource[] = [],
): readonly PathState[] {
  const entries = listAt(configuration, ['webhooks']);
  return [...expected, ...custom.map(expectedOf)].map((each) => {
    const open = each.operations.flatMap((operation) => {
      const reasons = entries.map((entry) => whyNot(entry, { ...each, operation, canaryNamespace }));
      if (reasons.includes(undefined)) return [];
      return [reasons.find((reason) => reason !== noRule) ?? `no rule of the webhook configuration for ${operation}`];
    });
    return open[0] === undefined
      ? { path: each.path, state: 'covered' }
      : { path: each.path, state: 'open', reason: open[0] };
  });
}

interface Asked extends Omit<Expected, 'path' | 'operations'> {
  readonly operation: string;
  readonly canaryNamespace: string;
}

const noRule = 'no rule';

/** Why an entry does not see every such request of every namespace that it does not name; undefined when it does. */
function whyNot(entry: unknown, asked: Asked): string | undefined {
  if (!listAt(entry, ['rules']).some((rule) => matches(rule, asked))) return noRule;
  const name = String(valueAt(entry, ['name']));
  // With Exact, a request in another version of the group passes by. Absent means Equivalent.
  if (valueAt(entry, ['matchPolicy']) === 'Exact') return `entry ${name}: matchPolicy Exact`;
  // Whoever creates an object chooses its labels.
  if (isSelecting(valueAt(entry, ['objectSelector'])))
    return `entry ${name}: an objectSelector, which tenants can evade`;
  if (listAt(entry, ['matchConditions']).length > 0) return `entry ${name}: matchConditions leave requests out`;
  if (excludes(valueAt(entry, ['namespaceSelector']), asked.canaryNamespace)) {
    return `entry ${name}: its namespaceSelector leaves out the namespace of the canaries, ${asked.canaryNamespace}`;
  }
  return undefined;
}

function matches(rule: unknown, { resource: path, group, operation, versions: accepted }: Asked): boolean {
  const scope = valueAt(rule, ['scope']) ?? '*';
  const [resource, subresource] = path.split('/');
  const names = [path, subresource === undefined ? '*' : `${resource}/*`, `*/${subresource ?? ''}`, '*/*'];
  return (
    (scope === '*' || scope === 'Namespaced') &&
    includes(rule, 'apiGroups', [group, '*']) &&
    includes(rule, 'apiVersions', accepted) &&
    includes(rule, 'operations', [operation, '*']) &&
    includes(rule, 'resources', names)
  );
}

function excludes(selector: unknown, namespace: string): boolean {
  const labels = valueAt(selector, ['matchLabels']);
  const named = valueAt(labels, [nameLabel]);
  if (named !== undefined && named !== namespace) return true;
  return listAt(selector, ['matchExpressions']).some((expression) => {
    if (valueAt(expression, ['key']) !== nameLabel) return false;
    const listed = listAt(expression, ['values']).includes(namespace);
    const operator = valueAt(expression, ['operator']);
    return operator === 'DoesNotExist' || (operator === 'NotIn' && listed) || (operator === 'In' && !listed);
  });
}

function isSelecting(selector: unknown): boolean {
  const labels = valueAt(selector, ['matchLabels']);
  const labelled = typeof labels === 'object' && labels !== null && Object.keys(labels).length > 0;
  return labelled || listAt(selector, ['matchExpressions']).length > 0;
}

function includes(rule: unknown, field: string, accepted: readonly string[]): boolean {
  return listAt(rule, [field]).some((value) => typeof value === 'string' && accepted.includes(value));
}
