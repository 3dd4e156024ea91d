import { z } from 'zod';
import { duration } from '../src/commands/duration.ts';
import { mostWorkloadKinds, workloadKind } from '../src/commands/workload-kinds.ts';
import { languages } from '../src/core/locale.ts';
import { modes } from '../src/core/policy/mode.ts';
import { podPolicySchema } from '../src/core/policy/pod-policy.ts';
import { podPolicyExceptionSchema } from '../src/core/policy/pod-policy-exception.ts';
import type { RuleGroup } from '../src/core/rules/groups.ts';

/*
 * Every value of charts/sekisho: its type, its default and what it does. values.yaml, values.schema.json and the table
 * of the chart's README are written from it (chart-documents.ts); nothing of them is kept by hand.
 */

/** A value that is set as a whole. */
export interface ChartValue {
  readonly description: string;
  readonly schema: z.ZodType;
  /** Standing in values.yaml; undefined: there is none, and the value is absent. */
  readonly fallback: unknown;
}

/** Values under one key. */
export interface ChartSection {
  readonly description: string;
  readonly values: Readonly<Record<string, ChartValue | ChartSection>>;
  /** Other charts put keys of their own here. */
  readonly open?: true;
}

function value(description: string, schema: z.ZodType, fallback: unknown): ChartValue {
  return { description, schema, fallback };
}

export function isSection(node: ChartValue | ChartSection): node is ChartSection {
  return 'values' in node;
}

/** The schema of a section: an unknown key is refused, a missing one has its default. */
export function schemaOf({ description, values, open }: ChartSection): z.ZodObject {
  const shape = Object.fromEntries(
    Object.entries(values).map(([key, node]) => {
      if (isSection(node)) return [key, schemaOf(node).prefault({})];
      const schema = node.schema.describe(node.description);
      return [key, node.fallback === undefined ? schema.optional() : schema.prefault(node.fallback)];
    }),
  );
  return (open ? z.looseObject(shape) : z.strictObject(shape)).describe(description);
}

const text = z.string();
const flag = z.boolean();
const object = z.record(text, z.unknown());
const labels = z.record(text, text);
const empty = z.literal('');
const port = z.int().min(1).max(65_535);
const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
const namespaceName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const scrapeDuration = z.union([empty, z.string().regex(/^[0-9]+(ms|s|m|h)$/)]);
const quantities = z.record(text, z.union([text, z.number()]));
const resources = z.strictObject({
  requests: quantities.optional(),
  limits: quantities.optional(),
  claims: z.array(object).optional(),
});
const namedObject = z.looseObject({ name: z.string().min(1) });
const imagePullSecrets = z.array(z.strictObject({ name: objectName }));
const tolerations = z.array(
  z.strictObject({
    key: text.optional(),
    operator: z.enum(['Exists', 'Equal', 'Lt', 'Gt']).optional(),
    value: text.optional(),
    effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
    tolerationSeconds: z.int().optional(),
  }),
);
const serviceAccount = (process: string): ChartSection => ({
  description: `The service account of ${process}.`,
  values: {
    create: value('Make it.', flag, true),
    name: value('Its name; empty: derived. Required where it is not made.', z.union([empty, objectName]), ''),
    annotations: value('Annotations of it.', labels, {}),
  },
});

const policySpec = podPolicySchema.shape.spec.shape;
const podSecurity = policySpec.podSecurity.unwrap().shape;

/** A PodPolicy of its own, so that each can have namespaces and a mode of its own. */
function groupPolicy(group: RuleGroup, demands: string, rules: object): ChartSection {
  const section = policySpec[group].unwrap() as unknown as z.ZodObject;
  const { mode: _, workloads, except, ...entries } = section.shape;
  return {
    description: `A PodPolicy named ${group}: ${demands}`,
    values: {
      enabled: value('Switches it on.', flag, false),
      mode: value('What a violation leads to, at most what `mode` allows.', z.enum(modes), 'Enforce'),
      workloads: value(
        'The most that findings in the templates of Deployments, Jobs and the like lead to.',
        unwrapped(workloads),
        'Warn',
      ),
      rules: value(
        'The rules that are asked, by id, each with its settings; null takes one away.',
        z.strictObject(entries),
        rules,
      ),
      except: value('What is allowed all the same, by rule, value and container.', unwrapped(except), []),
      match: value('The namespaces it holds in; empty: all of them.', policySpec.match, {}),
    },
  };
}

/** Without its default. */
function unwrapped(schema: unknown): z.ZodType {
  return (schema as z.ZodDefault<z.ZodType>).unwrap();
}

const policies: ChartSection = {
  description: 'What is demanded of pods. Rendered into a ConfigMap and read as files; a change rolls the pods.',
  values: {
    podSecurity: {
      description: 'A PodPolicy named pod-security: one level of the Pod Security Standards.',
      values: {
        enabled: value('Switches it on.', flag, true),
        mode: value('What a violation leads to, at most what `mode` allows.', z.enum(modes), 'Enforce'),
        level: value('The level of the standards.', podSecurity.level, 'baseline'),
        version: value(
          'The version of the standards: latest, or v1.N so that an upgrade does not tighten them.',
          z.string().regex(/^(latest|v1\.(0|[1-9][0-9]{0,2}))$/),
          'latest',
        ),
        workloads: value(
          'The most that findings in the templates of Deployments, Jobs and the like lead to.',
          podSecurity.workloads.unwrap(),
          'Enforce',
        ),
        rules: value('A mode of its own, or settings, for single rules, by the id of the rule.', podSecurity.rules, {}),
        except: value('What is allowed all the same, by rule, value and container.', podSecurity.except.unwrap(), []),
        match: value('The namespaces it holds in; empty: all of them.', policySpec.match, {}),
      },
    },
    images: groupPolicy('images', 'where images may come from, and how they are named.', {
      disallowedTags: { tags: ['latest'] },
    }),
    resources: groupPolicy('resources', 'what containers must and may ask of a node.', {
      requireRequests: { resources: ['cpu', 'memory'] },
      requireLimits: { resources: ['memory'] },
    }),
    practices: groupPolicy('practices', 'what good manifests have.', {
      disallowDefaultNamespace: {},
    }),
    extra: value(
      'More PodPolicy and PodPolicyException documents, each as a whole.',
      z.array(z.union([podPolicySchema, podPolicyExceptionSchema])),
      [],
    ),
  },
};

const certificates: ChartSection = {
  description: 'The certificate that the API server trusts.',
  values: {
    mode: value(
      'self: the controller makes a CA, rotates it, and writes it into the webhook configuration. existing: certificate and CA are yours.',
      z.enum(['self', 'existing']),
      'self',
    ),
    existing: {
      description: 'For certificates.mode existing.',
      values: {
        secretName: value(
          'A Secret with tls.crt and tls.key for `<fullname>.<namespace>.svc`; it may be replaced at any time.',
          z.union([empty, objectName]),
          '',
        ),
        caBundle: value('The CA of it, PEM or PEM in base64.', text, ''),
      },
    },
    caLifetime: value('How long a CA of mode self lives; it is replaced when a third is left.', duration, '8760h'),
    leafLifetime: value('How long the certificate of a replica lives in mode self.', duration, '168h'),
    propagation: value('How long a change may take until every API server and replica has seen it.', duration, '5m'),
  },
};

const webhook: ChartSection = {
  description: 'How the API server asks.',
  values: {
    failurePolicy: value(
      'What happens to requests that nobody answers: Ignore (allowed) or Fail (refused). Empty: Fail where mode is Enforce.',
      z.enum(['', 'Ignore', 'Fail']),
      '',
    ),
    timeoutSeconds: value('How long the API server waits.', z.int().min(1).max(30), 10),
    excludedNamespaces: value(
      'Namespaces that are never judged, besides our own and kube-system.',
      z.array(namespaceName),
      [],
    ),
    namespaceSelector: {
      description: 'More conditions on the labels of judged namespaces. Whoever may label a namespace may leave it.',
      values: {
        matchLabels: value('Labels they must have.', labels, {}),
        matchExpressions: value(
          'Expressions they must match. The canary namespace must match too, or its coverage is alarmed.',
          z.array(
            z.strictObject({
              key: text,
              operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
              values: z.array(text).optional(),
            }),
          ),
          [],
        ),
      },
    },
    annotations: value('More annotations of the webhook configuration.', labels, {}),
    port: value('The port that pods listen on; private GKE clusters let only 443 and 10250 through.', port, 8443),
  },
};

const controller: ChartSection = {
  description: 'The controller: certificates, and the proof that every path to a pod is judged.',
  values: {
    replicaCount: value('Pods of `sekisho controller`; one works, more are standbys.', z.int().min(0), 1),
    resources: value('Requests and limits of them.', resources, {
      requests: { cpu: '20m', memory: '96Mi' },
      limits: { memory: '256Mi' },
    }),
    serviceAccount: serviceAccount('`sekisho controller`'),
    podAnnotations: value('Annotations of its pods, besides the top-level podAnnotations.', labels, {}),
    nodeSelector: value('Instead of the top-level nodeSelector.', labels, {}),
    tolerations: value('Instead of the top-level tolerations.', tolerations, []),
    affinity: value('Affinity of its pods.', object, {}),
    extraArgs: value('More arguments of `sekisho controller`.', z.array(text), []),
  },
};

const networkPolicy: ChartSection = {
  description: 'NetworkPolicies of serve and controller: the webhook, probe and metrics ports, nothing else.',
  values: {
    enabled: value('Switches them on.', flag, true),
    webhookFrom: value(
      'Peers that may call the webhook. Empty: everybody, because the address of an API server has no selector.',
      z.array(object),
      [],
    ),
    metricsFrom: value(
      'Peers that may read metrics, and probe where the kubelet is not exempt. Empty: everybody.',
      z.array(object),
      [],
    ),
    egress: value(
      'Egress rules. Empty: egress is not restricted. The API server must be among them.',
      z.array(object),
      [],
    ),
  },
};

const serviceMonitor: ChartSection = {
  description: 'A ServiceMonitor of the Prometheus operator for serve and controller.',
  values: {
    enabled: value('Switches it on; its CRD must exist.', flag, false),
    namespace: value("Where; empty: the release's namespace.", z.union([empty, namespaceName]), ''),
    interval: value("How often; empty: Prometheus' own.", scrapeDuration, ''),
    scrapeTimeout: value("How long; empty: Prometheus' own.", scrapeDuration, ''),
    additionalLabels: value('Labels that your Prometheus selects by.', labels, {}),
    relabelings: value('Relabelings of targets.', z.array(object), []),
  },
};

/** The values of the chart, in the order in which they are shown. */
export const chartValues: ChartSection = {
  description: 'The values of the Sekisho chart.',
  values: {
    mode: value(
      'The ceiling of the whole installation: no policy is stricter. Audit: findings are recorded. Warn: kubectl shows them. Enforce: policies that enforce deny.',
      z.enum(modes),
      'Audit',
    ),
    policies,
    crds: {
      description: 'The definitions of the kinds PodPolicy and PodPolicyException. They stay when the release goes.',
      values: { install: value('Install them; one release of a cluster does.', flag, true) },
    },
    exceptions: {
      description: 'What holds for every PodPolicyException.',
      values: {
        maxDuration: value(
          'The longest time to its end with which one has an effect; one that ends later has none yet.',
          duration,
          '2160h',
        ),
      },
    },
    workloadKinds: value(
      'Custom kinds that become pods, judged like Deployments: a list of {group, kind, resource, path}, where path is where a pod template stands, such as spec.template. Examples: docs/workload-kinds.md.',
      z.array(workloadKind).max(mostWorkloadKinds),
      [],
    ),
    guard: {
      description: 'The guard of namespaces, for policies that have podSecurity.labelGuard.',
      values: {
        enabled: value(
          'Ask about changes of labels of namespaces: without it no labelGuard is heard. Lets `sekisho serve` list pods, to name those that a change would have refused.',
          flag,
          false,
        ),
      },
    },
    language: value('The language of messages: en, ja or both.', z.enum(languages as ['en', 'ja', 'both']), 'en'),
    webhook,
    certificates,
    shutdownDelay: value(
      'How long a replica still answers after it was told to stop, while endpoints and proxies learn of it.',
      duration,
      '10s',
    ),
    logLevel: value('How much is logged.', z.enum(['debug', 'info', 'warn', 'error']), 'info'),
    replicaCount: value('Pods of `sekisho serve`, the webhook.', z.int().min(0), 3),
    image: {
      description: 'The image of every pod.',
      values: {
        registry: value('Its registry.', text, 'sekisho.dev'),
        repository: value('Its repository.', z.string().min(1), 'sekisho'),
        tag: value("Its tag; empty: the chart's appVersion.", text, ''),
        digest: value(
          'Its digest, which wins over the tag.',
          z.union([empty, z.string().regex(/^sha256:[0-9a-f]{64}$/)]),
          '',
        ),
        pullPolicy: value('When it is pulled.', z.enum(['Always', 'IfNotPresent', 'Never']), 'IfNotPresent'),
      },
    },
    imagePullSecrets: value('Secrets to pull it with.', imagePullSecrets, []),
    global: {
      description: 'Shared with the other charts of an umbrella.',
      open: true,
      values: {
        imageRegistry: value('Instead of image.registry.', text, ''),
        imagePullSecrets: value('Besides imagePullSecrets.', imagePullSecrets, []),
      },
    },
    nameOverride: value("Instead of the chart's name.", text, ''),
    fullnameOverride: value('Instead of the name that every object begins with.', text, ''),
    commonLabels: value('Labels of every object.', labels, {}),
    resources: value('Requests and limits of `sekisho serve`.', resources, {
      requests: { cpu: '100m', memory: '160Mi' },
      limits: { memory: '512Mi' },
    }),
    serviceAccount: serviceAccount('`sekisho serve`'),
    rbac: {
      description: 'Roles and bindings.',
      values: {
        create: value(
          'Make them. Without them all service accounts, those of the hooks too, need what templates/rbac.yaml grants.',
          flag,
          true,
        ),
      },
    },
    controller,
    cleanup: {
      description: 'The Job that removes the webhook configuration before the pods go.',
      values: { enabled: value('Run it before `helm uninstall`.', flag, true) },
    },
    hostNetwork: value(
      'Run `sekisho serve` in the network of its node, where the API server cannot reach pods (EKS with another CNI). Its ports must be free there.',
      flag,
      false,
    ),
    probePort: value('The port of /livez, /readyz and /metrics.', port, 8080),
    priorityClassName: value('The priority of every pod.', text, 'system-cluster-critical'),
    resourceQuota: {
      description: 'The quota without which some clusters refuse system priorities outside kube-system.',
      values: {
        enabled: value('Switches it on, where priorityClassName is a system priority.', flag, true),
        pods: value('How many such pods the namespace may have.', z.int().min(1), 50),
      },
    },
    podDisruptionBudget: {
      description: 'How many webhook pods an eviction leaves.',
      values: {
        enabled: value('Switches it on.', flag, true),
        minAvailable: value('At least so many, or a percentage.', z.union([text, z.int().min(0)]), ''),
        maxUnavailable: value(
          'At most so many fewer, or a percentage; 1 where both are empty.',
          z.union([text, z.int().min(0)]),
          '',
        ),
        unhealthyPodEvictionPolicy: value(
          'Whether pods that are not ready may always be evicted.',
          z.enum(['AlwaysAllow', 'IfHealthyBudget']),
          'AlwaysAllow',
        ),
      },
    },
    networkPolicy,
    serviceMonitor,
    podAnnotations: value('Annotations of every pod.', labels, {}),
    podSecurityContext: value('Security context of every pod.', object, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    }),
    securityContext: value('Security context of every container.', object, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    }),
    nodeSelector: value('Nodes for every pod.', labels, { 'kubernetes.io/os': 'linux' }),
    tolerations: value('Taints that every pod tolerates.', tolerations, []),
    affinity: value('Affinity of webhook pods; empty: rather on different nodes.', object, {}),
    topologySpreadConstraints: value('Spread of webhook pods; empty: rather over all zones.', z.array(object), []),
    extraArgs: value('More arguments of `sekisho serve`.', z.array(text), []),
    extraEnv: value('More environment of every container.', z.array(namedObject), []),
    extraVolumes: value('More volumes of every pod.', z.array(namedObject), []),
    extraVolumeMounts: value(
      'More mounts of every container.',
      z.array(z.looseObject({ name: text, mountPath: text })),
      [],
    ),
    extraObjects: value('More objects of the release; templates are allowed.', z.array(object), []),
  },
};
