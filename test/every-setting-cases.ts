import { X509Certificate } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installation, Settings } from '../src/commands/settings.ts';
import { answerRequest } from '../src/core/admission/answer.ts';
import { parseAdmissionReview } from '../src/core/admission/review.ts';
import { createWorkloads } from '../src/core/pod/workloads.ts';
import { parsePodPolicyException } from '../src/core/policy/pod-policy-exception.ts';
import { createPolicySet } from '../src/core/policy/policy-set.ts';
import { missingEntries, parseWebhookState } from '../src/io/certificates/ca-bundle.ts';
import { keepCertificates } from '../src/io/certificates/keeper.ts';
import { keepLeaf, leafNames } from '../src/io/certificates/leaf.ts';
import { configurationOf, secretOf } from '../src/io/certificates/objects.ts';
import { systemClock } from '../src/io/clock.ts';
import { pathOf } from '../src/io/cluster/object.ts';
import { formatWebhookConfiguration } from '../src/io/files/webhook-configuration.ts';
import { standardTiming } from '../src/io/lease/election.ts';
import { startElector } from '../src/io/lease/elector.ts';
import { offline } from '../src/io/offline.ts';
import { builtin, type Json, podWith, policyOf, reviewOf } from './admission-requests.ts';
import { newFolder, serve } from './commands/running-sekisho.ts';
import { eventually } from './eventually.ts';
import {
  configuration,
  emptySecret,
  objects,
  observers,
  secretPath,
  startCertificateCluster,
} from './io/certificates/certificate-cluster.ts';
import { startApi } from './io/cluster/loopback-api.ts';

/* For each field of the settings file two files that differ in it alone, and where the difference shows. */

/** What two settings files lead to. */
export interface SettingPair {
  readonly one: Json;
  readonly other: Json;
  /** What comes of the settings, as text or data. */
  outcome(settings: Settings, file: Json): unknown;
}

const installation = {
  namespace: 'sekisho',
  service: 'sekisho',
  webhookConfiguration: 'sekisho',
  webhookEntries: ['pods.sekisho.dev'],
  caSecret: 'sekisho-ca',
  lease: 'sekisho-controller',
  canaryNamespace: 'sekisho-canary',
} as const satisfies Installation;

/** The answer to a pod that breaks the policy, in the namespace of the canaries. */
async function answerUnder({ maxMode, language = 'en', installation: chart }: Settings): Promise<unknown> {
  const policies = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: maxMode });
  const names = chart === undefined ? {} : { canaryNamespace: chart.canaryNamespace };
  const review = parseAdmissionReview(reviewOf(podWith({ hostPID: true }), { namespace: 'sekisho-canary' }));
  return (await answerRequest(review, { policies, ...offline, locale: language, ...names })).response;
}

/** The answer to a pod that an exception excuses which ends in a hundred days, if that is not too far away. */
async function excusedUnder({ exceptions: { maxDuration } }: Settings): Promise<unknown> {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const parsed = parsePodPolicyException({
    apiVersion: 'sekisho.dev/v1alpha1',
    kind: 'PodPolicyException',
    metadata: { name: 'legacy' },
    spec: {
      policies: [{ name: 'production', rules: ['hostNamespaces'] }],
      match: {},
      reason: 'until spring',
      expiresAt: '2027-03-02T12:00:00Z',
    },
  });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  const policies = createPolicySet({
    policies: [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' } })],
    exceptions: [parsed.exception],
    ceiling: 'Enforce',
    maxExceptionDuration: maxDuration,
  });
  const review = parseAdmissionReview(reviewOf(podWith({ hostPID: true })));
  return (await answerRequest(review, { policies, ...offline, now: () => now, locale: 'en' })).response;
}

const rollouts = { group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts', path: 'spec.template' };

/** The answers to a Rollout by its resource, as the webhook gets it, and by its kind, as a file has it. */
async function rolloutUnder({ workloadKinds }: Settings): Promise<unknown> {
  const workloads = createWorkloads(workloadKinds);
  const policies = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: 'Enforce' });
  const template = { spec: { template: podWith({ hostPID: true }) } };
  const object = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'web' }, ...template };
  const review = reviewOf(object);
  const named = { group: 'argoproj.io', version: 'v1alpha1' };
  const asked = {
    ...(review['request'] as Json),
    kind: { ...named, kind: 'Rollout' },
    resource: { ...named, resource: 'rollouts' },
  };
  const request = parseAdmissionReview({ ...review, request: asked });
  const { response } = await answerRequest(request, { policies, workloads, ...offline, locale: 'en' });
  return [response, workloads.ofKind(object.apiVersion, object.kind)?.kind];
}

function configurationUnder({ workloadKinds }: Settings): unknown {
  const { custom } = createWorkloads(workloadKinds);
  return formatWebhookConfiguration({ url: 'https://127.0.0.1', authority: '', guard: false, custom });
}

const rollout = (field: keyof typeof rollouts, other: string): SettingPair => ({
  one: { workloadKinds: [rollouts] },
  other: { workloadKinds: [{ ...rollouts, [field]: other }] },
  outcome: rolloutUnder,
});

/** Where in the cluster everything is looked for that the chart has made. */
function placesOf({ installation: chart }: Settings): readonly unknown[] {
  if (chart?.caSecret === undefined) return [];
  const made = { ...chart, caSecret: chart.caSecret };
  return [pathOf(secretOf(made)), pathOf(configurationOf(made)), leafNames(chart, [])];
}

/** The entries that are alarmed because they are missing in a configuration that has the one for pods. */
function missingUnder({ installation: chart }: Settings): unknown {
  const { metadata, ...rest } = configuration();
  const live = parseWebhookState({ ...rest, metadata: { ...metadata, resourceVersion: '1' } });
  return chart && missingEntries(live, chart.webhookEntries);
}

const naming = (
  field: Exclude<keyof Installation, 'webhookEntries'>,
  outcome: SettingPair['outcome'] = placesOf,
): SettingPair => ({
  one: { installation },
  other: { installation: { ...installation, [field]: 'another' } },
  outcome,
});

/** A CA and a leaf, as they are made under these settings: how long each is good for, and for which names. */
async function certificatesUnder({ certs }: Settings): Promise<unknown> {
  await using cluster = await startCertificateCluster();
  cluster.api.put(secretPath, emptySecret);
  cluster.putConfiguration(configuration());
  const { log, metrics } = observers();
  await using client = cluster.api.connect();
  const clocks = { now: () => new Date(), elapsed: () => performance.now() };
  const stop = new AbortController();
  const keeping = keepCertificates({ client, objects, times: certs, log, metrics, ...clocks })(stop.signal);
  try {
    const authority = await eventually('a CA', () => cluster.secretData()['tls.crt']);
    const { promise, resolve } = Promise.withResolvers<string>();
    const names = leafNames({ service: 'sekisho', namespace: 'sekisho' }, certs.names);
    const changed = ({ cert }: { readonly cert: string }) => resolve(cert);
    await using _ = keepLeaf({ client, objects, names, times: certs, log, metrics, ...clocks, changed });
    const leaf = new X509Certificate(await promise);
    return { authority: hoursOf(new X509Certificate(authority)), leaf: hoursOf(leaf), names: leaf.subjectAltName };
  } finally {
    stop.abort();
    await keeping;
  }
}

function hoursOf({ validToDate }: X509Certificate): number {
  return Math.round((validToDate.getTime() - Date.now()) / 3_600_000);
}

/** What a process logs when it is told to stop. */
async function farewellUnder(_settings: Settings, file: Json): Promise<unknown> {
  const dir = await newFolder();
  try {
    const config = join(dir, 'settings.yaml');
    await writeFile(config, JSON.stringify(file));
    await using serving = await serve(['--dev', '--dir', dir, '--config', config]);
    serving.child.kill('SIGTERM');
    return (await serving.logged('stopping'))['delay'];
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** The first thing that a candidate asks for. */
async function leaseUnder({ installation: chart }: Settings): Promise<unknown> {
  if (chart === undefined) return undefined;
  await using api = await startApi();
  await using client = api.connect();
  const nothing = () => undefined;
  await using _ = startElector({
    client,
    lease: { namespace: chart.namespace, name: chart.lease },
    identity: 'candidate',
    timing: standardTiming,
    clock: systemClock,
    random: Math.random,
    onElected: async () => undefined,
    onLost: nothing,
    onWaiting: nothing,
    onTrouble: nothing,
  });
  return eventually('a request', () => api.asked[0]?.path);
}

const certificates = (one: Json, other: Json): SettingPair => ({
  one: { certs: one },
  other: { certs: other },
  outcome: certificatesUnder,
});

/** By the path of the field. */
export const settingPairs: ReadonlyMap<string, SettingPair> = new Map<string, SettingPair>([
  ['maxMode', { one: { maxMode: 'Enforce' }, other: { maxMode: 'Warn' }, outcome: answerUnder }],
  ['language', { one: { language: 'en' }, other: { language: 'both' }, outcome: answerUnder }],
  ['shutdownDelay', { one: { shutdownDelay: '10ms' }, other: { shutdownDelay: '20ms' }, outcome: farewellUnder }],
  [
    'exceptions.maxDuration',
    {
      one: { exceptions: { maxDuration: '2160h' } },
      other: { exceptions: { maxDuration: '2500h' } },
      outcome: excusedUnder,
    },
  ],
  ['workloadKinds.[].group', rollout('group', 'rollouts.example')],
  ['workloadKinds.[].kind', rollout('kind', 'Release')],
  // Who sends a request says its kind too; by the resource the API server is told what to send.
  ['workloadKinds.[].resource', { ...rollout('resource', 'releases'), outcome: configurationUnder }],
  ['workloadKinds.[].path', rollout('path', 'spec.other')],
  ['certs.caLifetime', certificates({ caLifetime: '8760h' }, { caLifetime: '4380h' })],
  ['certs.leafLifetime', certificates({ leafLifetime: '168h' }, { leafLifetime: '24h' })],
  // A leaf must outlive a change of the CA, so its shortest life follows from this; the second file is refused.
  [
    'certs.propagation',
    certificates({ leafLifetime: '1h', propagation: '20m' }, { leafLifetime: '1h', propagation: '21m' }),
  ],
  ['certs.names.[]', certificates({ names: ['one.example'] }, { names: ['other.example'] })],
  ['installation.namespace', naming('namespace')],
  ['installation.service', naming('service')],
  ['installation.webhookConfiguration', naming('webhookConfiguration')],
  [
    'installation.webhookEntries.[]',
    {
      one: { installation },
      other: { installation: { ...installation, webhookEntries: ['pods.sekisho.dev', 'guard.sekisho.dev'] } },
      outcome: missingUnder,
    },
  ],
  ['installation.caSecret', naming('caSecret')],
  ['installation.lease', naming('lease', leaseUnder)],
  ['installation.canaryNamespace', naming('canaryNamespace', answerUnder)],
]);
