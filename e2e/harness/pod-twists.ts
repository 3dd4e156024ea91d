import type { V1Container, V1ObjectMeta, V1Pod, V1PodSecurityContext, V1PodSpec } from '@kubernetes/client-node';
import {
  type ContainerTwist,
  exposureTwists,
  randomAppArmorProfile,
  randomSeccompProfile,
  randomSeLinuxOptions,
  securityTwists,
} from './container-twists.ts';
import { randomVolume } from './pod-volumes.ts';
import type { Random } from './random.ts';

export type Pod = V1Pod & { metadata: V1ObjectMeta; spec: V1PodSpec };

/** Changes one thing of a pod that a rule of the Pod Security Standards reads, for the worse or not. */
export type PodTwist = (pod: Pod, random: Random) => void;

const sysctls = [
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies'],
  ...['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ip_local_reserved_ports'],
  ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl'],
  ...['net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
  ...['net.ipv4.tcp_slow_start_after_idle', 'net.ipv4.tcp_notsent_lowat'],
  ...['kernel.msgmax', 'net.core.somaxconn', 'net/ipv4/tcp_syncookies', 'net.ipv4.tcp_syncookie', 'vm.max_map_count'],
];

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

function security(pod: Pod): V1PodSecurityContext {
  pod.spec.securityContext ??= {};
  return pod.spec.securityContext;
}

function annotate(pod: Pod, key: string, value: string): void {
  pod.metadata.annotations = { ...pod.metadata.annotations, [key]: value };
}

function anyContainer(pod: Pod, random: Random): V1Container {
  return random.pick([...pod.spec.containers, ...(pod.spec.initContainers ?? [])]);
}

/** The pod's or a container's; both have what they say of the user in common. */
function anySecurityContext(pod: Pod, random: Random): object {
  if (random.chance(0.5)) return security(pod);
  const container = anyContainer(pod, random);
  container.securityContext ??= {};
  return container.securityContext;
}

/** An init container has probes and hooks only if it goes on running: a sidecar. */
function onSomeContainer(name: string, twist: ContainerTwist): PodTwist {
  return (pod, random) => {
    const container = anyContainer(pod, random);
    const init = pod.spec.initContainers?.includes(container) === true;
    if (init && (name === 'probe' || name === 'lifecycle')) container.restartPolicy = 'Always';
    twist(container, random);
  };
}

function onSomeContainers(twists: Readonly<Record<string, ContainerTwist>>): PodTwist[] {
  return Object.entries(twists).map(([name, twist]) => onSomeContainer(name, twist));
}

function hostNamespace(pod: Pod, random: Random): void {
  pod.spec[random.pick(['hostNetwork', 'hostPID', 'hostIPC'] as const)] = random.chance(0.8);
}

function volume(pod: Pod, random: Random): void {
  pod.spec.volumes = [...(pod.spec.volumes ?? []), randomVolume(`twist-${pod.spec.volumes?.length ?? 0}`, random)];
}

function sysctl(pod: Pod, random: Random): void {
  const names = new Set(Array.from({ length: 1 + random.below(2) }, () => random.pick(sysctls)));
  security(pod).sysctls = [...names].map((name) => ({ name, value: '1' }));
}

/** Host processes need the host's network, and one is enough for all containers to need to be one. */
function windowsHostProcess(pod: Pod, random: Random): void {
  const hostProcess = random.chance(0.6);
  if (hostProcess) pod.spec.hostNetwork = true;
  if (random.chance(0.6)) {
    security(pod).windowsOptions = { hostProcess };
    return;
  }
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    container.securityContext = { ...container.securityContext, windowsOptions: { hostProcess } };
  }
}

/** What no rule reads, or no longer, or only seems to. */
const decoys: readonly PodTwist[] = [
  (pod) => annotate(pod, 'seccomp.security.alpha.kubernetes.io/pod', 'runtime/default'),
  (pod) => annotate(pod, 'pod-security.kubernetes.io/exempt', 'user'),
  (pod) => {
    pod.metadata.labels = { 'pod-security.kubernetes.io/enforce': 'privileged', app: 'web' };
  },
  (pod) => {
    Object.assign(security(pod), { fsGroup: 0, supplementalGroups: [0], runAsGroup: 0 });
  },
  (pod) => {
    pod.spec.shareProcessNamespace = true;
  },
  (pod) => {
    annotate(pod, 'kubernetes.io/config.mirror', 'mirror');
    pod.spec.nodeName = 'node';
  },
];

/** On any system. */
const commonTwists: readonly PodTwist[] = [
  ...onSomeContainers(exposureTwists),
  hostNamespace,
  volume,
  windowsHostProcess,
  (pod, random) => {
    if (random.chance(0.5)) delete security(pod).runAsNonRoot;
    else security(pod).runAsNonRoot = random.chance(0.3);
  },
];

export const windowsTwists: readonly PodTwist[] = [
  ...commonTwists,
  (pod, random) => {
    anyContainer(pod, random).securityContext = { runAsNonRoot: random.chance(0.3) };
  },
];

export const linuxTwists: readonly PodTwist[] = [
  ...commonTwists,
  ...onSomeContainers(securityTwists),
  hostNamespace,
  volume,
  volume,
  sysctl,
  sysctl,
  (pod, random) => {
    security(pod).seLinuxOptions = randomSeLinuxOptions(random);
  },
  (pod, random) => {
    const profile = randomSeccompProfile(random);
    if (profile === undefined) delete security(pod).seccompProfile;
    else security(pod).seccompProfile = profile;
  },
  (pod, random) => {
    security(pod).appArmorProfile = randomAppArmorProfile(random);
  },
  (pod, random) => {
    const profile = random.pick(['unconfined', 'unconfined', 'runtime/default', 'localhost/profile', '']);
    annotate(pod, appArmorAnnotation + random.pick(pod.spec.containers).name, profile);
  },
  (pod, random) => {
    security(pod).runAsUser = random.pick([0, 0, 1, 65_534]);
  },
  (pod, random) => {
    pod.spec.hostUsers = false;
    const container = anyContainer(pod, random);
    container.securityContext = { ...container.securityContext, procMount: 'Unmasked' };
  },
  (pod, random) => {
    pod.spec.hostUsers = random.chance(0.2);
    Object.assign(anySecurityContext(pod, random), { runAsUser: 0 });
  },
  (pod, random) => {
    pod.spec.hostUsers = random.chance(0.2);
    Object.assign(anySecurityContext(pod, random), { runAsNonRoot: false });
  },
  (pod, random) => {
    if (random.chance(0.5)) delete pod.spec.securityContext;
    else pod.spec.securityContext = {};
  },
  (pod, random) => random.pick(decoys)(pod, random),
];
