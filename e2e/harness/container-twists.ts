import type { V1Container, V1LifecycleHandler, V1Probe, V1SecurityContext } from '@kubernetes/client-node';
import type { Random } from './random.ts';

/** Changes one thing of a container that a rule of the Pod Security Standards reads, for the worse or not. */
export type ContainerTwist = (container: V1Container, random: Random) => void;

export const capabilityNames = [
  ...['NET_BIND_SERVICE', 'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'SETFCAP'],
  ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT', 'NET_RAW', 'NET_ADMIN', 'SYS_ADMIN', 'CAP_SYS_ADMIN', 'ALL'],
  ...['CAP_NET_BIND_SERVICE', 'net_bind_service', 'CAP_CHOWN', 'chown', 'all', 'BPF', ' CHOWN', 'CHOWN '],
];

const hosts = ['', '127.0.0.1', 'localhost', '169.254.169.254', '::1', 'example.com', '0'];

function security(container: V1Container): V1SecurityContext {
  container.securityContext ??= {};
  return container.securityContext;
}

/** The API server refuses `allowPrivilegeEscalation: false` beside what makes it void. */
function escalatable(container: V1Container): V1SecurityContext {
  const context = security(container);
  if (context.allowPrivilegeEscalation === false) delete context.allowPrivilegeEscalation;
  return context;
}

/** Twists of the security context of a Linux container: also an ephemeral one can have them. */
export const securityTwists: Readonly<Record<string, ContainerTwist>> = {
  privileged: (container, random) => {
    if (random.chance(0.7)) escalatable(container).privileged = true;
    else security(container).privileged = false;
  },
  allowPrivilegeEscalation: (container, random) => {
    escalatable(container);
    if (random.chance(0.5)) security(container).allowPrivilegeEscalation = true;
  },
  capabilitiesAdd: (container, random) => {
    const names = Array.from({ length: 1 + random.below(2) }, () => random.pick(capabilityNames));
    const context = names.includes('CAP_SYS_ADMIN') ? escalatable(container) : security(container);
    context.capabilities = { ...context.capabilities, add: names };
  },
  capabilitiesDrop: (container, random) => {
    const drop = random.pick([[], ['all'], ['NET_RAW'], ['CHOWN', 'ALL'], ['CAP_ALL'], ['ALL', 'ALL'], ['All'], ['']]);
    security(container).capabilities = { ...security(container).capabilities, drop };
  },
  noCapabilities: (container, random) => {
    if (random.chance(0.5)) delete security(container).capabilities;
    else security(container).capabilities = {};
  },
  seLinuxOptions: (container, random) => {
    security(container).seLinuxOptions = randomSeLinuxOptions(random);
  },
  seccompProfile: (container, random) => {
    const profile = randomSeccompProfile(random);
    if (profile === undefined) delete security(container).seccompProfile;
    else security(container).seccompProfile = profile;
  },
  appArmorProfile: (container, random) => {
    security(container).appArmorProfile = randomAppArmorProfile(random);
  },
  runAsNonRoot: (container, random) => {
    if (random.chance(0.3)) delete security(container).runAsNonRoot;
    else security(container).runAsNonRoot = random.chance(0.4);
  },
  runAsUser: (container, random) => {
    security(container).runAsUser = random.pick([0, 0, 1, 65_534, 2_147_483_647]);
  },
  procMount: (container, random) => {
    security(container).procMount = random.pick(['Default', 'Unmasked']);
  },
  noSecurityContext: (container, random) => {
    if (random.chance(0.5)) delete container.securityContext;
    else container.securityContext = {};
  },
};

/** Twists of what a container opens to the host: not for ephemeral containers, nor (probes) for plain init containers. */
export const exposureTwists: Readonly<Record<string, ContainerTwist>> = {
  hostPort: (container, random) => {
    const hostPort = random.pick([0, 1, 80, 8080, 65_535]);
    const containerPort = random.chance(0.5) && hostPort > 0 ? hostPort : 443;
    const protocol = random.pick(['TCP', 'UDP', 'SCTP']);
    container.ports = [{ containerPort: 9_000 }, { containerPort, hostPort, protocol }];
  },
  probe: (container, random) => {
    container[random.pick(['livenessProbe', 'readinessProbe', 'startupProbe'] as const)] = randomProbe(random);
  },
  lifecycle: (container, random) => {
    const hook = random.pick(['postStart', 'preStop'] as const);
    container.lifecycle = { ...container.lifecycle, [hook]: randomHandler(random) };
  },
};

export function randomSeLinuxOptions(random: Random): NonNullable<V1SecurityContext['seLinuxOptions']> {
  const types = [
    'container_t',
    'container_init_t',
    'container_kvm_t',
    'container_engine_t',
    'spc_t',
    '',
    'Container_t',
  ];
  return random.pick([
    {},
    { level: 's0:c123,c456' },
    { user: 'system_u' },
    { role: 'system_r' },
    { user: '', role: '' },
    ...types.map((type) => ({ type })),
  ]);
}

export function randomSeccompProfile(random: Random): V1SecurityContext['seccompProfile'] {
  return random.pick([
    undefined,
    { type: 'Unconfined' },
    { type: 'RuntimeDefault' },
    { type: 'Localhost', localhostProfile: 'profiles/app.json' },
  ]);
}

export function randomAppArmorProfile(random: Random): NonNullable<V1SecurityContext['appArmorProfile']> {
  return random.pick([
    { type: 'Unconfined' },
    { type: 'Unconfined' },
    { type: 'RuntimeDefault' },
    { type: 'Localhost', localhostProfile: 'k8s-app' },
  ]);
}

function randomProbe(random: Random): V1Probe {
  const host = random.pick(hosts);
  return random.pick<V1Probe>([
    { httpGet: { port: 80, host, path: '/healthz' } },
    { httpGet: { port: 80, host, httpHeaders: [{ name: 'Host', value: 'example.com' }] } },
    { tcpSocket: { port: 80, host } },
    { grpc: { port: 80, service: 'health' } },
    { exec: { command: ['true'] } },
  ]);
}

function randomHandler(random: Random): V1LifecycleHandler {
  const host = random.pick(hosts);
  return random.pick<V1LifecycleHandler>([
    { httpGet: { port: 80, host } },
    { tcpSocket: { port: 80, host } },
    { exec: { command: ['true'] } },
    { sleep: { seconds: 1 } },
  ]);
}
