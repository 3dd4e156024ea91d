import type { ApiAnswer } from './api-client.ts';
import type { Place } from './pod-requests.ts';
import type { Pod } from './pod-twists.ts';
import type { Random } from './random.ts';
import { randomEphemeralContainer } from './random-pods.ts';

/** What the API server lets one change in a stored pod. */
export const updateKinds = ['image', 'label', 'annotation', 'ephemeral container', 'toleration'] as const;
export type UpdateKind = (typeof updateKinds)[number];

export interface PodUpdate {
  readonly kind: UpdateKind;
  readonly subresource: '' | '/ephemeralcontainers';
  /** A strategic merge patch. */
  readonly patch: object;
}

/** An update of a pod as it is stored, with all defaults. */
export function randomUpdate(kind: UpdateKind, pod: Pod, random: Random): PodUpdate {
  switch (kind) {
    case 'image':
      return { kind, subresource: '', patch: { spec: newImage(pod, random) } };
    case 'label':
      return { kind, subresource: '', patch: { metadata: { labels: { team: `team-${random.below(100)}` } } } };
    case 'annotation': {
      const key = random.pick(['example.com/note', 'seccomp.security.alpha.kubernetes.io/pod']);
      return { kind, subresource: '', patch: { metadata: { annotations: { [key]: 'unconfined' } } } };
    }
    case 'ephemeral container': {
      const container = randomEphemeralContainer(pod, `debugger-${random.below(100)}`, random);
      return { kind, subresource: '/ephemeralcontainers', patch: { spec: { ephemeralContainers: [container] } } };
    }
    case 'toleration': {
      const added = { key: `e2e-${random.below(100)}`, operator: 'Exists', effect: 'NoSchedule' };
      const tolerations = [...(pod.spec.tolerations ?? []), added]; // a list that is replaced as a whole
      return { kind, subresource: '', patch: { spec: { tolerations } } };
    }
  }
}

function newImage(pod: Pod, random: Random): object {
  const init = pod.spec.initContainers ?? [];
  const list = init.length > 0 && random.chance(0.4) ? 'initContainers' : 'containers';
  const { name } = random.pick(list === 'containers' ? pod.spec.containers : init);
  return { [list]: [{ name, image: `example.com/app:${2 + random.below(8)}` }] };
}

/** Asks for an update of the pod of that name, in a dry run. */
export function updatePod({ subresource, patch }: PodUpdate, name: string, place: Place): Promise<ApiAnswer> {
  const path = `/api/v1/namespaces/${place.namespace}/pods/${name}${subresource}?dryRun=All`;
  return place.client.send({ method: 'PATCH', path, body: patch });
}
