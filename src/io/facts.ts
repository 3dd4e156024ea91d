import type { Fact, FactSource } from '../core/rules/facts.ts';

const offline: Fact = { unavailable: 'offline' };

/** A source that knows nothing and says so; where nothing may be asked of the network. */
export const offlineFacts: FactSource = {
  async gather(requests) {
    return new Map(requests.map(({ key }) => [key, offline]));
  },
};
