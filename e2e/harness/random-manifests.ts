import { type BuiltinWorkload, workloads } from '../../src/core/pod/workload.ts';
import type { ApiAnswer, ApiClient } from './api-client.ts';
import type { Pod } from './pod-twists.ts';
import { randomPod } from './random-pods.ts';
import { warningText } from './warning-text.ts';

type Json = Readonly<Record<string, unknown>>;

/** An object as somebody would write it: in no namespace, without what the API server fills in. */
export interface Manifest {
  readonly workload: BuiltinWorkload;
  readonly name: string;
  readonly object: Json;
}

/** One object of an endless series: every second a pod, the others every kind of template in turn. */
export function randomManifest(seed: number, index: number): Manifest {
  const templates = workloads.filter(({ path }) => path.length > 0);
  const [pods] = workloads.filter(({ path }) => path.length === 0);
  const workload = index % 2 === 0 ? pods : templates[(index >> 1) % templates.length];
  if (workload === undefined) throw new Error('no kind');
  return manifestOf(workload, randomPod(seed, index), `random-${index}`);
}

/** The pod, or an object that makes such pods. */
export function manifestOf(workload: BuiltinWorkload, pod: Pod, name: string): Manifest {
  const { group, kind } = workload;
  const head = { apiVersion: group === '' ? 'v1' : `${group}/v1`, kind };
  if (workload.path.length === 0) {
    return { workload, name, object: { ...pod, metadata: { ...pod.metadata, name } } };
  }
  const { name: _, ...metadata } = pod.metadata;
  const labels = { ...metadata.labels, app: name };
  const finite = kind === 'Job' || kind === 'CronJob';
  const spec = finite ? { ...pod.spec, restartPolicy: 'Never' } : pod.spec;
  const template = { metadata: { ...metadata, labels }, spec };
  return { workload, name, object: { ...head, metadata: { name }, ...bodyOf(kind, template, labels) } };
}

function bodyOf(kind: string, template: Json, labels: Json): Json {
  switch (kind) {
    case 'PodTemplate':
      return { template };
    case 'ReplicationController':
      return { spec: { selector: labels, template } };
    case 'Job':
      return { spec: { template } };
    case 'CronJob':
      return { spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template } } } };
    case 'StatefulSet':
      return { spec: { serviceName: 'service', selector: { matchLabels: labels }, template } };
    default:
      return { spec: { selector: { matchLabels: labels }, template } };
  }
}

/** Asks for the object in a dry run; warnings as kubectl prints them. */
export async function createManifest(
  { workload, object }: Manifest,
  namespace: string,
  client: ApiClient,
): Promise<ApiAnswer> {
  const root = workload.group === '' ? '/api/v1' : `/apis/${workload.group}/v1`;
  const path = `${root}/namespaces/${namespace}/${workload.resource}?dryRun=All`;
  const answer = await client.send({ method: 'POST', path, body: object });
  return { ...answer, warnings: answer.warnings.map(warningText) };
}
