import { valueAt } from '../../core/pod/field-path.ts';
import { crdNameOf, podPolicyExceptionKind, podPolicyKind } from '../../core/policy/kinds.ts';
import type {
  ExceptionStatus,
  InstallationStatus,
  ProcessStatus,
  Reading,
} from '../../core/render/installation-status.ts';
import { known } from '../../core/render/installation-status.ts';
import type { CustomResource } from '../canaries/interception.ts';
import type { ClusterClient } from '../cluster/client.ts';
import { webhookConfiguration } from '../cluster/object.ts';
import { askFor, askForAll, readAs } from './asking.ts';
import type { FoundInstallation } from './finding.ts';
import { podPolicies, podPolicyExceptions } from './kinds.ts';
import { describeWebhook } from './live-webhook.ts';
import {
  describeException,
  describeFiledException,
  describePolicy,
  type FiledObjects,
  readFiledObjects,
} from './own-objects.ts';

/** The part of the settings that a status depends on. */
export interface InstalledSettings {
  readonly maxMode: 'Audit' | 'Warn' | 'Enforce';
  readonly maxExceptionDuration: number;
  /** The kinds that are judged beside those of Kubernetes, each once. */
  readonly custom: readonly CustomResource[];
  /** Undefined where the settings do not name them: then they are called as the chart calls them. */
  readonly webhookConfiguration?: string | undefined;
  readonly canaryNamespace?: string | undefined;
}

export interface ReadingOptions {
  readonly client: ClusterClient;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of the text of the settings file; throws where it is broken. */
  parseSettings(text: string): InstalledSettings;
}

/** Reads what whoever asks may see of an installation. Never throws for what may not be seen. */
export async function readInstallation(found: FoundInstallation, options: ReadingOptions): Promise<InstallationStatus> {
  const { client } = options;
  const { name } = found;
  const settings = await readSettingsOf(found, options);
  const [webhook, filed, cluster, exceptions, ...processes] = await Promise.all([
    readWebhook(found, options, known(settings)),
    askFor(client, configMap(found, `${name}-policies`)).then((answer) => readAs(answer, readPolicyFiles)),
    askForAll(client, { path: podPolicies.path, needs: `list ${crdNameOf(podPolicyKind)}` }),
    askForAll(client, { path: podPolicyExceptions.path, needs: `list ${crdNameOf(podPolicyExceptionKind)}` }),
    readProcess(client, found, 'serve'),
    readProcess(client, found, 'controller'),
  ]);
  const policies = {
    files: readAs(filed, (files) => files.policies),
    cluster: readAs(cluster, (objects) => objects.map(describePolicy)),
  };
  const names = [...(known(policies.files) ?? []), ...(known(policies.cluster) ?? [])].map((policy) => policy.name);
  const clock = { now: options.now, policies: new Set(names), maxDuration: known(settings)?.maxExceptionDuration };
  const filedExceptions = (known(filed)?.exceptions ?? []).map((each) => describeFiledException(each, clock));
  return {
    ...found,
    mode: readAs(settings, ({ maxMode }) => maxMode),
    processes,
    webhook,
    policies,
    exceptions: readAs(exceptions, (objects): readonly ExceptionStatus[] => [
      ...filedExceptions,
      ...objects.map((object) => describeException(object, options.now)),
    ]),
  };
}

function configMap({ namespace }: FoundInstallation, name: string) {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  return { path, needs: `get configmaps/${name} in namespace ${namespace}` };
}

function readPolicyFiles(object: unknown): FiledObjects {
  return readFiledObjects(valueAt(object, ['data']));
}

async function readSettingsOf(
  found: FoundInstallation,
  { client, parseSettings }: ReadingOptions,
): Promise<Reading<InstalledSettings>> {
  const question = configMap(found, `${found.name}-settings`);
  const answer = await askFor(client, question);
  if (!('value' in answer)) return answer;
  const text = valueAt(answer.value, ['data', 'settings.yaml']);
  if (typeof text !== 'string') return { unknown: 'failed', reason: `ConfigMap ${found.name}-settings: missing` };
  try {
    return { value: parseSettings(text) };
  } catch (thrown) {
    return { unknown: 'failed', reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function readWebhook(
  { name: installation }: FoundInstallation,
  { client }: ReadingOptions,
  settings: InstalledSettings | undefined,
): Promise<InstallationStatus['webhook']> {
  const name = settings?.webhookConfiguration ?? installation;
  const { collection } = webhookConfiguration(name);
  const needs = `get validatingwebhookconfigurations/${name}`;
  const answer = await askFor(client, { path: `${collection}/${name}`, needs });
  const canaryNamespace = settings?.canaryNamespace ?? `${installation}-canary`;
  const wanted = { name, canaryNamespace, custom: settings?.custom ?? [] };
  return readAs(answer, (object) => (object === undefined ? undefined : describeWebhook(object, wanted)));
}

async function readProcess(
  client: ClusterClient,
  { namespace, name }: FoundInstallation,
  component: ProcessStatus['component'],
): Promise<ProcessStatus> {
  const deployment = `${name}-${component}`;
  const needs = `get deployments/${deployment} in namespace ${namespace}`;
  const answer = await askFor(client, {
    path: `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`,
    needs,
  });
  const replicas = readAs(answer, (object) => {
    if (object === undefined) return undefined;
    // What is left out is 0 of the status, and 1 of the specification.
    const [ready = 0, wanted = 1] = [
      valueAt(object, ['status', 'readyReplicas']),
      valueAt(object, ['spec', 'replicas']),
    ];
    return { ready: Number(ready), wanted: Number(wanted) };
  });
  return { component, deployment, replicas };
}
