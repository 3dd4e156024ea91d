import type { Logger } from '../log.ts';
import type { CollectionListener } from './collection-watch.ts';

/** Whether collections are followed at this moment. */
export interface WatchMetrics {
  /** `resource` is the plural name of a kind. */
  setFollowed(resource: string, followed: boolean): void;
}

export interface WatchObservers {
  readonly log: Logger;
  readonly metrics: WatchMetrics;
}

/** The part of a listener that is the same for every collection: what log and metrics are told. */
export type WatchReport = Required<Pick<CollectionListener<unknown>, 'listed' | 'advanced' | 'missing' | 'failed'>>;

/** Says once that a collection cannot be followed, however often it is tried, and once that it can again. */
export function reportWatch(resource: string, { log, metrics }: WatchObservers): WatchReport {
  let failing = false;
  return {
    listed(removed) {
      if (removed.length > 0) log.warn({ resource, removed: removed.length }, 'objects were removed while unwatched');
    },
    advanced() {
      if (failing) log.info({ resource }, 'followed again');
      failing = false;
      metrics.setFollowed(resource, true);
    },
    missing: () => log.info({ resource }, 'the cluster has no such kind, it is looked for again'),
    failed({ message: reason }) {
      if (failing) log.debug({ resource, reason }, 'still not followed');
      else log.warn({ resource, reason }, 'cannot be followed, what was known last stays');
      failing = true;
      metrics.setFollowed(resource, false);
    },
  };
}
