import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { Pod } from './pod-twists.ts';

const compliant: V1Container = {
  name: 'app',
  image: 'registry.example.com/app:1.0',
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

function pod(name: string, spec: Partial<V1PodSpec>, container: Partial<V1Container> = {}): Pod {
  const containers = [{ ...compliant, ...container }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers, ...spec } };
}

const sysctl = (name: string, value: string): Partial<V1PodSpec> => ({
  securityContext: { sysctls: [{ name, value }] },
});
const without = (field: string): Partial<V1Container> => ({
  securityContext: { ...compliant.securityContext, [field]: undefined },
});

/** Pods that the levels and versions of the Pod Security Standards judge differently. */
export const tellingPods: readonly Pod[] = [
  pod('compliant', {}),
  pod('host-pid', { hostPID: true }),
  pod('privileged', {}, { securityContext: { privileged: true } }),
  pod('host-path', { volumes: [{ name: 'host', hostPath: { path: '/' } }] }),
  pod('root', {}, without('runAsNonRoot')),
  pod('every-capability', {}, without('capabilities')),
  pod('sysctl-since-1.32', sysctl('net.ipv4.tcp_rmem', '4096 87380 6291456')),
  pod('sysctl-since-1.37', sysctl('net.ipv4.tcp_slow_start_after_idle', '0')),
  pod('probe-of-a-host', {}, { livenessProbe: { httpGet: { path: '/', port: 80, host: '10.0.0.1' } } }),
  pod('windows', { os: { name: 'windows' } }, { securityContext: { runAsNonRoot: true } }),
  pod('root-of-its-own', { hostUsers: false }, without('runAsNonRoot')),
  pod(
    'many',
    { hostNetwork: true },
    { securityContext: { privileged: true }, ports: [{ containerPort: 80, hostPort: 80 }] },
  ),
];
