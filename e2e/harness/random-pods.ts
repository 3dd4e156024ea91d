import type { V1Container, V1EphemeralContainer } from '@kubernetes/client-node';
import { securityTwists } from './container-twists.ts';
import { linuxTwists, type Pod, windowsTwists } from './pod-twists.ts';
import { allowedVolume } from './pod-volumes.ts';
import { createRandom, type Random } from './random.ts';

/**
 * One pod of an endless series. It begins as a pod that the API server takes and, mostly, that complies with the
 * restricted level; then a few of the fields that the Pod Security Standards read are changed: mostly one, so that
 * its verdict hangs on one rule.
 */
export function randomPod(seed: number, index: number): Pod {
  const random = createRandom(seed, index);
  const windows = random.chance(0.12);
  const compliant = windows || random.chance(0.8);
  const pod = windows ? windowsPod(random) : linuxPod(random, compliant);
  pod.metadata.name = `random-${index}`;
  const twists = windows ? windowsTwists : linuxTwists;
  const count = random.pick([1, 1, 1, 1, 1, 1, 2, 2, 3, 5]) - (compliant && random.chance(0.9) ? 0 : 1);
  for (let twisted = 0; twisted < count; twisted += 1) random.pick(twists)(pod, random);
  return pod;
}

/** A container for `pods/ephemeralcontainers`: complies, or has up to two twists. */
export function randomEphemeralContainer(pod: Pod, name: string, random: Random): V1EphemeralContainer {
  const container: V1Container = { name, image: 'example.com/debug:1' };
  const windowsOptions = pod.spec.containers[0]?.securityContext?.windowsOptions;
  if (windowsOptions?.hostProcess === true) {
    container.securityContext = { windowsOptions }; // all containers are host processes, or none
    return container;
  }
  if (pod.spec.os?.name === 'windows') {
    if (random.chance(0.5)) container.securityContext = { runAsNonRoot: random.chance(0.5) };
    return container;
  }
  if (random.chance(0.8)) harden(container, { seccomp: true, nonRoot: true });
  for (let twists = random.below(3); twists > 0; twists -= 1) {
    random.pick(Object.values(securityTwists))(container, random);
  }
  return container;
}

function linuxPod(random: Random, compliant: boolean): Pod {
  const pod = plainPod(random);
  if (random.chance(0.15)) pod.spec.os = { name: 'linux' };
  if (random.chance(0.1)) pod.spec.hostUsers = random.chance(0.3);
  if (!compliant) return pod;
  const seccomp = random.pick(['pod', 'containers', 'both']);
  const nonRoot = random.pick(['pod', 'containers', 'both']);
  pod.spec.securityContext = {
    ...(seccomp === 'containers' ? {} : { seccompProfile: { type: 'RuntimeDefault' } }),
    ...(nonRoot === 'containers' ? {} : { runAsNonRoot: true }),
  };
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    harden(container, { seccomp: seccomp !== 'pod', nonRoot: nonRoot !== 'pod' });
  }
  return pod;
}

function windowsPod(random: Random): Pod {
  const pod = plainPod(random);
  pod.spec.os = { name: 'windows' };
  pod.spec.securityContext = {
    runAsNonRoot: true,
    ...(random.chance(0.5) ? { windowsOptions: { runAsUserName: 'ContainerUser' } } : {}),
  };
  return pod;
}

function plainPod(random: Random): Pod {
  const containers = Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, index) => plainContainer(`app-${index}`));
  const initContainers = Array.from({ length: random.pick([0, 0, 1, 2]) }, (_, index) =>
    plainContainer(`init-${index}`),
  );
  for (const container of initContainers) if (random.chance(0.3)) container.restartPolicy = 'Always';
  const volumes = random.chance(0.2) ? [allowedVolume('data', random)] : [];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'random' },
    spec: {
      containers,
      ...(initContainers.length > 0 ? { initContainers } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

function plainContainer(name: string): V1Container {
  return { name, image: 'example.com/app:1' };
}

function harden(container: V1Container, { seccomp, nonRoot }: { seccomp: boolean; nonRoot: boolean }): void {
  container.securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    ...(seccomp ? { seccompProfile: { type: 'RuntimeDefault' } } : {}),
    ...(nonRoot ? { runAsNonRoot: true } : {}),
  };
}
