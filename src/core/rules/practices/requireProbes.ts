import { z } from 'zod';
import type { ContainerView, PodView } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { defineRule } from '../rule.ts';

/*
 * Required fields: readinessProbe, livenessProbe, startupProbe, as far as the setting names them, of every container and
 * every sidecar. Allowed values: a probe with one of the four ways to ask. Init containers and ephemeral ones cannot have
 * any (ValidateInitContainers, EphemeralContainerCommon).
 *
 * What ends by itself is not asked: no Service waits for it, and its end is what tells. That is a pod of a Job or a
 * CronJob, and any pod whose restartPolicy is Never or OnFailure, which is how the pods of Jobs are known once they are
 * pods; a Deployment can have neither. A container may have such a restartPolicy of its own.
 */
const probeKinds = ['readiness', 'liveness', 'startup'] as const;

type ProbeKind = (typeof probeKinds)[number];

type Container = ContainerView['container'];

const fields = {
  readiness: 'readinessProbe',
  liveness: 'livenessProbe',
  startup: 'startupProbe',
} as const satisfies Readonly<Record<ProbeKind, keyof Container>>;

function endsByItself(restartPolicy: unknown): boolean {
  return restartPolicy === 'Never' || restartPolicy === 'OnFailure';
}

function isAsked({ class: kind, container }: ContainerView): boolean {
  return (kind === 'regular' || kind === 'sidecar') && !endsByItself(container.restartPolicy);
}

function isPodAsked({ object: { kind }, spec }: PodView): boolean {
  return kind !== 'Job' && kind !== 'CronJob' && !endsByItself(spec.restartPolicy);
}

/** The API server demands exactly one; a manifest that it has not seen may have none. */
function hasHandler({ exec, httpGet, tcpSocket, grpc }: NonNullable<Container['readinessProbe']>): boolean {
  return isObject(exec) || isObject(httpGet) || isObject(tcpSocket) || isObject(grpc);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const requireProbes = defineRule({
  id: 'requireProbes',
  severity: 'medium',
  references: {},
  title: { en: 'Required probes', ja: '必須のプローブ' },
  why: {
    en: 'Without a readiness probe a Service sends requests to a container that cannot answer yet, and a rollout goes on although the new version never answers. Without a liveness probe a program that hangs is not restarted.',
    ja: 'readinessProbe がないと、まだ応答できないコンテナに Service からリクエストが送られ、新しいバージョンが応答しなくてもロールアウトが進んでしまいます。livenessProbe がないと、ハングしたプログラムは再起動されません。',
  },
  fix: {
    en: 'Add the probe, with one of exec, httpGet, tcpSocket and grpc. A readiness probe says whether requests can be answered now; a liveness probe must fail only where a restart helps, and never because something else is down.',
    ja: 'exec、httpGet、tcpSocket、grpc のいずれかを指定したプローブを追加してください。readinessProbe は今リクエストに応答できるかを示します。livenessProbe は再起動で直る場合にだけ失敗させ、他のサービスの停止では失敗しないようにしてください。',
  },
  messages: {
    missing: { en: 'is missing', ja: 'がありません' },
    empty: {
      en: 'is {found}, must have one of exec, httpGet, tcpSocket and grpc',
      ja: 'は {found} です。exec、httpGet、tcpSocket、grpc のいずれかが必要です',
    },
  },
  params: z.strictObject({
    probes: z
      .array(z.enum(probeKinds))
      .min(1)
      .max(3)
      .default(['readiness'])
      .describe('The probes that every container must have; not those of pods that end by themselves, as of Jobs.'),
  }),
  check(pod, { report }, { probes }) {
    if (!isPodAsked(pod)) return;
    for (const view of pod.containers) {
      if (!isAsked(view)) continue;
      for (const kind of probeKinds) {
        if (!probes.includes(kind)) continue;
        const field = fields[kind];
        const probe = view.container[field] ?? undefined;
        if (probe === undefined) report({ path: [...view.path, field], message: 'missing' });
        else if (!hasHandler(probe)) report({ path: [...view.path, field], message: 'empty', found: probe });
      }
    }
  },
  examples: {
    settings: { probes: ['readiness', 'liveness'] },
    allowed: [
      {
        container: {
          readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
          livenessProbe: { tcpSocket: { port: 8080 } },
        },
      },
      { pod: { spec: { restartPolicy: 'OnFailure' } } },
      {
        pod: { spec: { initContainers: [{ ...minimalContainer, name: 'init' }] } },
        container: { readinessProbe: { grpc: { port: 9000 } } },
        settings: {},
      },
    ],
    violating: [
      { violates: ['spec.containers[0].readinessProbe', 'spec.containers[0].livenessProbe'] },
      {
        pod: { spec: { initContainers: [{ ...minimalContainer, name: 'proxy', restartPolicy: 'Always' }] } },
        container: { readinessProbe: { periodSeconds: 5 } },
        settings: {},
        violates: ['spec.initContainers[0].readinessProbe', 'spec.containers[0].readinessProbe'],
      },
    ],
  },
});
