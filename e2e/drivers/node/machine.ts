import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { ip, ipLines, networkOf } from './ip.ts';
import { makeNamespaces } from './namespaces.ts';
import { programPath } from './requirements.ts';

/** Namespaces of a node's own, and a cable to this machine. */
export interface Machine extends AsyncDisposable {
  /** Also the name of this machine's end of the cable, and of the node's control groups. */
  readonly name: string;
  /** Puts a command line into the network namespace only. */
  readonly enterNetwork: readonly string[];
  /** Puts a command line into all namespaces: what starts or mounts for containers belongs there. */
  readonly enter: readonly string[];
  readonly address: string;
  /** This machine, as the node sees it. */
  readonly hostAddress: string;
  readonly podSubnet: string;
}

export function startMachine(folder: string): Promise<Machine> {
  const kinds = ['--net', '--mount', '--pid', '--ipc'];
  const shell = [join(import.meta.dirname, 'machine.sh'), folder];
  return makeNamespaces({ flags: kinds, shell, name: 'machine', what: 'the namespaces of a node' }, async (pid) => ({
    ...(await layCable(pid)),
    enterNetwork: networkOf(pid),
    enter: [programPath('nsenter') ?? 'nsenter', `--target=${pid}`, ...kinds],
  }));
}

type Cable = Pick<Machine, 'name' | 'address' | 'hostAddress' | 'podSubnet'>;

/** Two runs at once take two subnets: the name of a network interface is taken once, by the kernel's word. */
async function layCable(pid: string): Promise<Cable> {
  const first = Number(pid) % 250;
  for (let attempt = 0; attempt < 250; attempt += 1) {
    const number = (first + attempt) % 250;
    const name = `sekisho-${number}`;
    const taken = Object.values(networkInterfaces()).flat();
    if (taken.some((address) => address?.address.startsWith(`10.250.${number}.`))) continue;
    const added = await ip(`link add ${name} type veth peer name eth0 netns ${pid}`);
    if (added.includes('File exists')) continue;
    if (added !== '') throw new Error(`ip link add ${name}: ${added}`);
    const cable = {
      name,
      address: `10.250.${number}.1`,
      hostAddress: `10.250.${number}.2`,
      podSubnet: `10.251.${number}.0/24`,
    };
    await plugIn(cable, pid);
    return cable;
  }
  throw new Error('every subnet 10.250.0.0/24 to 10.250.249.0/24 is taken');
}

async function plugIn({ name, address, hostAddress, podSubnet }: Cable, pid: string): Promise<void> {
  const steps = [
    [`addr add ${hostAddress}/24 dev ${name}`, `link set ${name} up`],
    [`addr add ${address}/24 dev eth0`, 'link set eth0 up', `route add default via ${hostAddress}`],
    [`route add ${podSubnet} via ${address} dev ${name}`], // goes with the interface
  ];
  for (const [index, lines] of steps.entries()) {
    await ipLines(lines, index === 1 ? networkOf(pid) : []);
  }
}
