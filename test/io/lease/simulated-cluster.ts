import { SekishoError } from '../../../src/core/error.ts';
import type { ClusterAnswer, ClusterClient, ClusterRequest } from '../../../src/io/cluster/client.ts';
import type { LeaseObject } from '../../../src/io/lease/lease.ts';
import type { VirtualTime } from './virtual-time.ts';

/* An API server that holds one Lease, and the network to it: slow, lossy, cut. In virtual time. */

export interface Network {
  /** How long a request or an answer takes, in milliseconds; undefined: it is lost. */
  delay(): number | undefined;
  /** False: whoever asked is dead, and hears nothing. */
  heard(): boolean;
}

export interface SimulatedLease {
  object(): LeaseObject;
  edit(spec: object | undefined): void;
  clientThrough(network: Network): ClusterClient;
}

export function createSimulatedLease(time: VirtualTime): SimulatedLease {
  let version = 1;
  let lease: LeaseObject = { metadata: { name: 'controller', resourceVersion: '1', labels: { app: 'sekisho' } } };
  const store = (object: LeaseObject): void => {
    version++;
    lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
  };
  const perform = ({ method, body }: ClusterRequest): ClusterAnswer => {
    if (method === 'GET') return { status: 200, body: lease, warnings: [] };
    const stated = (body as LeaseObject).metadata['resourceVersion'];
    if (stated !== lease.metadata['resourceVersion']) return { status: 409, body: undefined, warnings: [] };
    store(body as LeaseObject);
    return { status: 200, body: lease, warnings: [] };
  };
  return {
    object: () => lease,
    edit: (spec) => store({ ...lease, spec }),
    clientThrough: (network) => ({
      request: (request) => exchange(request, { time, network, perform }),
      watch: () => {
        throw new Error('an elector does not watch');
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
}

interface Way {
  readonly time: VirtualTime;
  readonly network: Network;
  perform(request: ClusterRequest): ClusterAnswer;
}

/** What is on its way arrives, also when nobody waits for the answer any more. */
function exchange(request: ClusterRequest, { time, network, perform }: Way): Promise<ClusterAnswer> {
  return new Promise((resolve, reject) => {
    const give = time.at(time.now() + (request.timeout ?? 10_000), () => {
      if (network.heard()) reject(new SekishoError('ClusterUnreachable', 'no complete answer in time'));
    });
    const there = network.delay();
    if (there === undefined) return;
    time.at(time.now() + there, () => {
      const answer = perform(request);
      const back = network.delay();
      if (back === undefined) return;
      time.at(time.now() + back, () => {
        give[Symbol.dispose]();
        if (network.heard()) resolve(answer);
      });
    });
  });
}
