/** Manifests by the thousand, as a repository of a large installation has them: one object a file, in folders. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A workload every rule of the restricted level allows, or one that some of them forbid. */
export type ManifestKind = 'compliant' | 'violating';

/** Of ten files: five workloads that comply, two that do not, a Service, a ConfigMap, a Role. */
export const perTen = { compliant: 5, violating: 2, others: 3 } as const;

const perFolder = 100;

/** Writes so many files into folders of a hundred. */
export async function writeManifests(folder: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const inside = join(folder, `team-${Math.floor(index / perFolder)}`);
    if (index % perFolder === 0) await mkdir(inside, { recursive: true });
    await writeFile(join(inside, `app-${index}.yaml`), manifest(index));
  }
}

/** Of a thousand pods three hundred violate. */
export const violatingPods = (count: number): number => (3 * count) / 10;

/** Nothing but Pods in one folder: what everybody understands who is compared. */
export async function writePods(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < count; index++) {
    await writeFile(join(folder, `app-${index}.yaml`), pod(index, index % 10 < 7 ? 'compliant' : 'violating'));
  }
}

function manifest(index: number): string {
  const turn = index % 10;
  if (turn < perTen.compliant) return workload(index, 'compliant');
  if (turn < perTen.compliant + perTen.violating) return workload(index, 'violating');
  return [service, configMap, role][turn - perTen.compliant - perTen.violating]!(index);
}

const metadata = (index: number): string => `metadata:
  name: app-${index}
  namespace: team-${index % 50}
  labels:
    app.kubernetes.io/name: app-${index}
    app.kubernetes.io/part-of: platform
    team: "team-${index % 50}"
`;

function workload(index: number, kind: ManifestKind): string {
  const cron = index % 4 === 3;
  const template = `template:
  metadata:
    labels: {app.kubernetes.io/name: app-${index}}
  spec:
${indent(podSpec(index, kind), 4)}`;
  const spec = cron
    ? `schedule: "*/5 * * * *"\njobTemplate:\n  spec:\n${indent(template, 4)}`
    : `replicas: 3\nselector:\n  matchLabels:\n    app.kubernetes.io/name: app-${index}\n${template}`;
  const [group, name] = cron ? ['batch/v1', 'CronJob'] : ['apps/v1', index % 2 === 0 ? 'Deployment' : 'StatefulSet'];
  return `# Owned by team-${index % 50}\napiVersion: ${group}\nkind: ${name}\n${metadata(index)}spec:\n${indent(spec, 2)}`;
}

function pod(index: number, kind: ManifestKind): string {
  return `# Owned by team-${index % 50}\napiVersion: v1\nkind: Pod\n${metadata(index)}spec:\n${indent(podSpec(index, kind), 2)}`;
}

/** What violates lacks what restricted demands, and shares a namespace of its node. */
function podSpec(index: number, kind: ManifestKind): string {
  const secure = kind === 'compliant';
  const podContext = secure
    ? `securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  seccompProfile:
    type: RuntimeDefault
`
    : 'hostNetwork: true\n';
  return `serviceAccountName: app-${index}
${podContext}${index % 3 === 0 ? `initContainers:\n${container('migrate', index, secure)}` : ''}containers:
${container('app', index, secure)}${container('proxy', index, secure)}volumes:
  - name: data
    emptyDir: {}
  - name: config
    configMap:
      name: app-${index}
`;
}

function container(name: string, index: number, secure: boolean): string {
  const context = secure
    ? `    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: ["ALL"]
`
    : '';
  return `  - name: ${name}
    image: registry.example.com/team-${index % 50}/${name}:1.${index % 20}.0
    args: ["--port=8080", "--log-level=info"]
    env:
      - name: DATABASE
        value: postgres://db.team-${index % 50}.svc:5432/app
      - name: POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
    ports:
      - name: http
        containerPort: 8080
${context}    resources:
      requests: {cpu: 100m, memory: 128Mi}
      limits:
        memory: 256Mi
    volumeMounts:
      - {name: data, mountPath: /data}
      - {name: config, mountPath: /etc/app, readOnly: true}
`;
}

function service(index: number): string {
  return `apiVersion: v1\nkind: Service\n${metadata(index)}spec:
  selector:
    app.kubernetes.io/name: app-${index}
  ports:
    - {name: http, port: 80, targetPort: http}
`;
}

/** A block scalar, which takes the whole of YAML to read. */
function configMap(index: number): string {
  const settings = Array.from({ length: 20 }, (_, line) => `    option.${line} = value ${index + line}`).join('\n');
  return `apiVersion: v1\nkind: ConfigMap\n${metadata(index)}data:\n  app.properties: |\n${settings}\n`;
}

function role(index: number): string {
  return `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n${metadata(index)}rules:
  - apiGroups: [""]
    resources: ["configmaps", "secrets"]
    verbs: ["get", "list", "watch"]
  - apiGroups: ["apps"]
    resources: ["deployments"]
    verbs: ["get"]
`;
}

function indent(text: string, by: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(by));
}
