import type { JudgeContext } from '../core/engine/judge.ts';
import { namespacesOffline } from '../core/policy/namespace.ts';
import type { Fact, FactSource } from '../core/rules/facts.ts';

const unknown: Fact = { unavailable: 'offline' };

/** A source that knows nothing and says so; where nothing may be asked of the network. */
const facts: FactSource = {
  async gather(requests) {
    return new Map(requests.map(({ key }) => [key, unknown]));
  },
};

/** Who is asked where there is no cluster and no registry. */
export const offline: Omit<JudgeContext, 'policies'> = { facts, namespaces: namespacesOffline, now: Date.now };
