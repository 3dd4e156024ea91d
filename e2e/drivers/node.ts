import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPauseImage } from '../image/build.ts';
import { type ApiServerBinaries, type Cluster, identities } from './cluster.ts';
import { writeCredentials, writeKubeconfig } from './credentials.ts';
import { describeCluster } from './describe-cluster.ts';
import { leaveDuty } from './duty.ts';
import { startEtcd } from './etcd.ts';
import { apiServerFiles, type KubeApiserverOptions, startKubeApiserver } from './kube-apiserver.ts';
import { createCgroups } from './node/cgroups.ts';
import { type Containerd, startContainerd } from './node/containerd.ts';
import { startControllers } from './node/controllers.ts';
import { killContainers, type PodSelection } from './node/kill-containers.ts';
import { startKubeProxy } from './node/kube-proxy.ts';
import { nodeName, startKubelet } from './node/kubelet.ts';
import { type Machine, startMachine } from './node/machine.ts';
import { whenNodeReady } from './node/ready.ts';
import type { RunningProcess } from './process.ts';
import { selfSigned } from './self-signed.ts';

/** What a node adds to a cluster. */
export interface ClusterNode {
  readonly name: string;
  /** Put before a command line, these run it in the node's network: Services and pods can be reached from there. */
  readonly enter: readonly string[];
  /** Makes the images of a file known to the node; nothing can be pulled, so pods must not ask for it. */
  importImage(archive: string): Promise<void>;
  /** Kills the containers of pods with SIGKILL; kubelet starts them again. Returns how many processes that were. */
  killContainers(pods: PodSelection): Promise<number>;
}

/** A cluster whose pods run. */
export interface NodeCluster extends Cluster {
  readonly node: ClusterNode;
}

export interface NodeDriver extends AsyncDisposable {
  readonly cluster: NodeCluster;
  /** Stops the API server and starts it again on the same port with the same data. */
  restart(): Promise<void>;
}

/** The programs, all built from Go modules. */
export interface NodeBinaries extends ApiServerBinaries {
  /** The folder with the controllers', kubelet's and kube-proxy's. */
  readonly node: string;
}

const apiServerPort = 6443;

/** Users of the cases, and the parts of Kubernetes that talk to its API server. */
const everybody = {
  ...identities,
  controllerManager: { name: 'system:kube-controller-manager', groups: [] },
  scheduler: { name: 'system:kube-scheduler', groups: [] },
  proxy: { name: 'system:kube-proxy', groups: [] },
} as const;
type Everybody = keyof typeof everybody;

/** A whole cluster of one node in namespaces of its own. It must be root's; see requirements.ts. */
export async function startNodeDriver(binaries: NodeBinaries): Promise<NodeDriver> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-e2e-'));
  await using undo = new AsyncDisposableStack();
  const machine = await startMachine(folder).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  await createCgroups(machine.name);
  undo.use(leaveDuty({ cgroups: machine.name, folder }, process.env));
  undo.use(machine);
  const containerd = buildPauseImage().then((pause) => startContainerd(machine, folder, pause));
  containerd.catch(() => undefined); // awaited below, after what may fail first
  const control = await startControlPlane(undo, { machine, folder, binaries });
  const kubelet = await startNode(undo, { ...control, machine, folder, binaries, containerd: await containerd });
  const { cluster, restart } = control;
  await whenNodeReady(cluster, nodeName, kubelet);
  const { importImage } = await containerd;
  const node: ClusterNode = {
    name: nodeName,
    enter: machine.enterNetwork,
    importImage,
    killContainers: (pods) => killContainers(cluster, machine.name, pods),
  };
  const end = undo.move();
  return { cluster: { ...cluster, node }, restart, [Symbol.asyncDispose]: () => end.disposeAsync() };
}

interface Place {
  readonly machine: Machine;
  readonly folder: string;
  readonly binaries: NodeBinaries;
}

interface ControlPlane {
  readonly cluster: Cluster;
  readonly kubeconfig: Readonly<Record<Everybody, string>>;
  restart(): Promise<void>;
}

async function startControlPlane(
  undo: AsyncDisposableStack,
  { machine, folder, binaries }: Place,
): Promise<ControlPlane> {
  const tokens = await writeCredentials(folder, everybody);
  await writeKubeletClient(folder);
  const etcd = await startEtcd({ binary: binaries.etcd, folder, enter: machine.enterNetwork });
  undo.use(ended(etcd.process));
  const options: KubeApiserverOptions = {
    binary: binaries.kubeApiserver,
    folder,
    etcdUrl: etcd.url,
    port: apiServerPort,
    token: tokens.administrator,
    node: { enter: machine.enterNetwork, address: machine.address },
  };
  let apiServer = await startKubeApiserver(options);
  undo.defer(() => ended(apiServer)[Symbol.asyncDispose]());
  const restart = async (): Promise<void> => {
    await apiServer.stop();
    apiServer = await startKubeApiserver(options);
  };
  const address = `${machine.address}:${apiServerPort}`;
  const webhookAddress = machine.hostAddress;
  const cluster = await describeCluster({ binaries, driver: 'go', folder, address, tokens, webhookAddress });
  const users = Object.keys(everybody) as Everybody[];
  const written = users.map(async (user) => [
    user,
    await writeKubeconfig({ folder, address, user, token: tokens[user] }),
  ]);
  return { cluster, restart, kubeconfig: Object.fromEntries(await Promise.all(written)) as Record<Everybody, string> };
}

/** The API server's certificate for kubelet, which knows no other authority than itself. */
async function writeKubeletClient(folder: string): Promise<void> {
  const subject = [
    { name: 'commonName', value: 'kube-apiserver-kubelet-client' },
    { name: 'organizationName', value: 'system:masters' },
  ];
  const { key, certificate } = selfSigned(subject, [{ name: 'extKeyUsage', clientAuth: true }]);
  await writeFile(join(folder, apiServerFiles.kubeletClientKey), key, { mode: 0o600 });
  await writeFile(join(folder, apiServerFiles.kubeletClientCertificate), certificate);
}

async function startNode(
  undo: AsyncDisposableStack,
  { machine, folder, binaries, kubeconfig, containerd }: Place & ControlPlane & { readonly containerd: Containerd },
): Promise<RunningProcess> {
  const program = (name: string): string => join(binaries.node, name);
  undo.use(ended(containerd.process));
  const options = {
    folder,
    binary: program('kubelet'),
    kubeconfig: kubeconfig.node,
    containerdSocket: containerd.socket,
  };
  const kubelet = await startKubelet(machine, options);
  undo.use(ended(kubelet));
  const kubeProxy = { folder, binary: program('kube-proxy'), kubeconfig: kubeconfig.proxy };
  undo.use(ended(await startKubeProxy(machine, kubeProxy)));
  const controllers = { folder, binaries: binaries.node, kubeconfigs: kubeconfig };
  for (const controller of startControllers(machine, controllers)) undo.use(ended(controller));
  return kubelet;
}

/** Ends at once: what it would tidy up goes with the folder. */
function ended(process: RunningProcess): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: () => {
      process.signal('SIGKILL');
      return process.stop();
    },
  };
}
