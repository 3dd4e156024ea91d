import type { Kind } from '../../core/policy/kinds.ts';
import { apiVersion } from '../../core/policy/pod-policy.ts';

/** Where the objects of one of our kinds are. */
export function collectionOf({ plural }: Kind): string {
  return `/apis/${apiVersion}/${plural}`;
}
