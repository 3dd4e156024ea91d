import { runProgram } from '../program.ts';
import { ipLines, networkOf } from './ip.ts';
import { makeNamespaces } from './namespaces.ts';
import { programPath } from './requirements.ts';

/** `unplugged`: its link goes down, and it knows. `silent`: packets vanish on the way, and connections hang half open. */
export type Cut = 'unplugged' | 'silent';

/** A network of its own at the other end of a cable to a node: who runs there can be cut off from the API server. */
export interface Outpost extends AsyncDisposable {
  /** Puts a command line into its network. */
  readonly enter: readonly string[];
  /** As the node sees it. */
  readonly address: string;
  cut(how: Cut): Promise<void>;
  /** Ends either cut. */
  heal(): Promise<void>;
}

/** Its shell holds the namespace, and with it both ends of the cable. */
const hold = 'ip link set lo up && echo "outpost $$" && exec sleep infinity';

/** `enterNode` puts a command line into the node's network; every outpost of a node has another number, 0 to 63. */
export function startOutpost(enterNode: readonly string[], number: number): Promise<Outpost> {
  const place = { flags: ['--net'], shell: ['-c', hold], name: 'outpost', what: 'the network of an outpost' };
  return makeNamespaces(place, async (pid) => {
    const cable: Cable = {
      name: `outpost-${number}`,
      gateway: `10.252.0.${4 * number + 1}`,
      address: `10.252.0.${4 * number + 2}`,
      enter: networkOf(pid),
      enterNode,
    };
    await layCable(cable, pid);
    return {
      enter: cable.enter,
      address: cable.address,
      cut: (how: Cut) => (how === 'unplugged' ? ipLines(['link set eth0 down'], cable.enter) : dropPackets(cable)),
      heal: () => heal(cable),
    };
  });
}

interface Cable {
  /** Of its end at the node, and of the table that cuts it. */
  readonly name: string;
  readonly gateway: string;
  readonly address: string;
  readonly enter: readonly string[];
  readonly enterNode: readonly string[];
}

async function layCable({ name, gateway, address, enter, enterNode }: Cable, pid: string): Promise<void> {
  const nodeEnd = [`addr add ${gateway}/30 dev ${name}`, `link set ${name} up`];
  await ipLines([`link add ${name} type veth peer name eth0 netns ${pid}`, ...nodeEnd], enterNode);
  await ipLines([`addr add ${address}/30 dev eth0`, 'link set eth0 up', `route add default via ${gateway}`], enter);
}

/** Both ways, at the node's end: before anything there sees them, and after all of it has let them go. */
async function dropPackets({ name, enterNode }: Cable): Promise<void> {
  await nft(
    `table inet ${name} {
      chain in { type filter hook prerouting priority -400; iifname "${name}" drop; }
      chain out { type filter hook postrouting priority 400; oifname "${name}" drop; }
    }`,
    enterNode,
  );
}

async function heal({ name, gateway, enter, enterNode }: Cable): Promise<void> {
  // An added table is none the worse for being there; only so deleting it never fails.
  await nft(`add table inet ${name}\ndelete table inet ${name}`, enterNode);
  // Routes went with the link.
  await ipLines(['link set eth0 up', `route replace default via ${gateway}`], enter);
}

async function nft(rules: string, enter: readonly string[]): Promise<void> {
  const [program = '', ...args] = [...enter, programPath('nft') ?? 'nft', '-f', '-'];
  const { code, stderr } = await runProgram(program, args, { stdin: rules });
  if (code !== 0) throw new Error(`nft: exit code ${code}\n${stderr}`);
}
