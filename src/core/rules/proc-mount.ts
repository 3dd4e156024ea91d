import type { PodView } from '../pod/pod-view.ts';
import type { CheckContext } from './rule.ts';

/** Every container whose procMount is set and is not exactly Default; "" is set, as upstream sees it. */
export function forbiddenProcMounts(pod: PodView, { report }: CheckContext<'procMount'>): undefined {
  for (const { path, container } of pod.containers) {
    const found: unknown = container.securityContext?.procMount;
    if (found !== undefined && found !== null && found !== 'Default') {
      report({ path: [...path, 'securityContext', 'procMount'], message: 'procMount', found });
    }
  }
}
