import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { SekishoError } from '../error.ts';
import { type FieldPath, formatFieldPath } from './field-path.ts';
import type { ContainerClass, ContainerView, ObjectReference, PodParts, PodView } from './pod-view.ts';

/** A kind that is a pod or will become pods. */
export type Workload = BuiltinWorkload | CustomWorkload;

/** What a kind is called in every place. */
interface KindNames {
  readonly group: string;
  readonly resource: string;
  readonly kind: string;
}

/** A kind of the settings: an object may hold any number of templates, and none. */
export interface CustomWorkload extends KindNames {
  readonly templates: readonly TemplatePath[];
}

/** From the object to its templates. */
export type TemplatePath = readonly TemplateStep[];

/** Into a field, and where `each` is set into every item of the list that it is. */
export interface TemplateStep {
  readonly field: string;
  readonly each: boolean;
}

/** A kind of Kubernetes: where its one pod stands. */
export interface BuiltinWorkload extends KindNames {
  /** From the object to its pod. */
  readonly path: FieldPath;
  /** Upstream's types have a pointer here and nothing to judge when it is null: only ReplicationController. */
  readonly optional?: true;
}

/** The kinds of upstream's `defaultPodSpecResources` (admission/admission.go). */
export const workloads: readonly BuiltinWorkload[] = [
  { group: '', resource: 'pods', kind: 'Pod', path: [] },
  {
    group: '',
    resource: 'replicationcontrollers',
    kind: 'ReplicationController',
    path: ['spec', 'template'],
    optional: true,
  },
  { group: '', resource: 'podtemplates', kind: 'PodTemplate', path: ['template'] },
  { group: 'apps', resource: 'replicasets', kind: 'ReplicaSet', path: ['spec', 'template'] },
  { group: 'apps', resource: 'deployments', kind: 'Deployment', path: ['spec', 'template'] },
  { group: 'apps', resource: 'statefulsets', kind: 'StatefulSet', path: ['spec', 'template'] },
  { group: 'apps', resource: 'daemonsets', kind: 'DaemonSet', path: ['spec', 'template'] },
  { group: 'batch', resource: 'jobs', kind: 'Job', path: ['spec', 'template'] },
  { group: 'batch', resource: 'cronjobs', kind: 'CronJob', path: ['spec', 'jobTemplate', 'spec', 'template'] },
];

const byResource = new Map(workloads.map((workload) => [`${workload.group}/${workload.resource}`, workload]));
const byKind = new Map(workloads.map((workload) => [`${workload.group}/${workload.kind}`, workload]));

export function workloadOfResource(group: string, resource: string): BuiltinWorkload | undefined {
  return byResource.get(`${group}/${resource}`);
}

/** Any version of a group counts: a manifest in a version that is no longer served has the same pod inside. */
export function workloadOfKind(apiVersion: string, kind: string): BuiltinWorkload | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return byKind.get(`${group === 'extensions' ? 'apps' : group}/${kind}`);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The fields that rules read through: `{}` is an object, `[…]` a list of such, `'list'` a list of anything. */
type Shape = { readonly [field: string]: Shape | readonly [Shape] | 'list' };

const handler: Shape = { httpGet: {}, tcpSocket: {} };
const securityContext: Shape = {
  appArmorProfile: {},
  seccompProfile: {},
  seLinuxOptions: {},
  windowsOptions: {},
};
const resources: Shape = { limits: {}, requests: {} };
const containerShape: Shape = {
  env: [{ valueFrom: { secretKeyRef: {} } }],
  envFrom: [{ secretRef: {} }],
  lifecycle: { postStart: handler, preStop: handler },
  livenessProbe: handler,
  ports: [{}],
  readinessProbe: handler,
  resources,
  securityContext: { ...securityContext, capabilities: { add: 'list', drop: 'list' } },
  startupProbe: handler,
};
const podShape: Shape = {
  metadata: { annotations: {}, labels: {} },
  spec: {
    containers: [containerShape],
    ephemeralContainers: [containerShape],
    hostAliases: [{}],
    imagePullSecrets: [{}],
    initContainers: [containerShape],
    os: {},
    overhead: {},
    resources,
    securityContext: { ...securityContext, sysctls: [{}] },
    volumes: [{ image: {} }],
  },
};

/**
 * The pod inside an object, or undefined where there is none to judge (a ReplicationController without template).
 * Throws `PodMalformed`, naming the field, when the skeleton that rules walk is not made of objects and lists.
 */
export function podViewOf(object: unknown, workload: BuiltinWorkload, reference: ObjectReference): PodView | undefined {
  if (workload.path.length === 0) return podViewAt(object, workload.path, reference);
  let pod: unknown = object;
  for (const [depth, segment] of workload.path.entries()) {
    pod = objectAt(pod, workload.path.slice(0, depth))[segment];
    if (workload.optional && isAbsent(pod) && depth === workload.path.length - 1) return undefined;
  }
  return podViewAt(pod, workload.path, reference);
}

/** A pod, or a template of one, that was found at `path` of the applied object. Throws `PodMalformed`. */
export function podViewAt(pod: unknown, path: FieldPath, reference: ObjectReference): PodView {
  const view = objectAt(pod, path);
  objectAt(view['spec'], [...path, 'spec']);
  if (!hasShape(view, podShape)) checkShape(view, podShape, path);
  return viewOf(view as unknown as PodParts, path, reference);
}

/** A pod whose parts were changed by operations of rules, which write what rules can read: nothing is checked again. */
export function changedPodView({ path, object }: PodView, changed: PodParts): PodView {
  return viewOf(changed, path, object);
}

function viewOf({ metadata, spec }: PodParts, path: FieldPath, object: ObjectReference): PodView {
  return { object, path, metadata: metadata ?? {}, spec, containers: containersOf(spec) };
}

function containersOf(spec: V1PodSpec): readonly ContainerView[] {
  const views: ContainerView[] = [];
  const append = (list: 'initContainers' | 'containers' | 'ephemeralContainers', fallback: ContainerClass): void => {
    const containers: readonly V1Container[] = spec[list] ?? [];
    for (const [index, container] of containers.entries()) {
      const sidecar = list === 'initContainers' && container.restartPolicy === 'Always';
      const name = typeof container.name === 'string' ? container.name : '';
      views.push({ class: sidecar ? 'sidecar' : fallback, path: ['spec', list, index], name, container });
    }
  };
  append('initContainers', 'init');
  append('containers', 'regular');
  append('ephemeralContainers', 'ephemeral');
  return views;
}

/** The same question as `checkShape` without the paths, which would be most of what judging a pod allocates. */
function hasShape(value: JsonObject, shape: Shape): boolean {
  for (const field in shape) {
    const found = value[field];
    if (found === undefined || found === null) continue;
    const expected = shape[field];
    if (Array.isArray(expected)) {
      const item = expected[0] as Shape;
      if (!Array.isArray(found) || !found.every((each) => isObject(each) && hasShape(each, item))) return false;
    } else if (expected === 'list') {
      if (!Array.isArray(found)) return false;
    } else if (!isObject(found) || !hasShape(found, expected as Shape)) return false;
  }
  return true;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws for the first field that is not what it should be, naming it. */
function checkShape(value: JsonObject, shape: Shape, path: FieldPath): void {
  for (const field in shape) {
    const found = value[field];
    if (isAbsent(found)) continue;
    const expected = shape[field];
    const at = [...path, field];
    if (expected === 'list') listAt(found, at);
    else if (Array.isArray(expected)) {
      for (const [index, item] of listAt(found, at).entries()) {
        const itemPath = [...at, index];
        checkShape(objectAt(item, itemPath), expected[0] as Shape, itemPath);
      }
    } else checkShape(objectAt(found, at), expected as Shape, at);
  }
}

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** Throws `PodMalformed` where it is none. */
export function objectAt(value: unknown, path: FieldPath): JsonObject {
  if (isObject(value)) return value;
  throw malformed(path, isAbsent(value) ? 'is missing' : 'must be an object');
}

/** Throws `PodMalformed` where it is none. */
export function listAt(value: unknown, path: FieldPath): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed(path, 'must be a list');
}

export function malformed(path: FieldPath, problem: string): SekishoError<'PodMalformed'> {
  return new SekishoError('PodMalformed', `${path.length === 0 ? 'the object' : formatFieldPath(path)} ${problem}`);
}
