import { waitFor } from '../drivers/waiting.ts';
import type { ApiAnswer, ApiClient } from './api-client.ts';
import type { Pod } from './pod-twists.ts';

export interface Place {
  readonly namespace: string;
  readonly client: ApiClient;
  /** Default: a dry run. */
  readonly keep?: boolean;
}

export function createPod(pod: Pod, { namespace, client, keep = false }: Place): Promise<ApiAnswer> {
  const path = `/api/v1/namespaces/${namespace}/pods${keep ? '' : '?dryRun=All'}`;
  return client.send({ method: 'POST', path, body: pod });
}

/** Who may deny a pod: the built-in labels of its namespace, or a policy. */
export type Judge = 'labels' | 'sekisho';

/** `other`: neither allowed nor denied by that judge, but invalid, say, or a failed call, or denied by somebody else. */
export type Verdict = 'allowed' | 'denied' | 'other';

const denials: Readonly<Record<Judge, RegExp>> = {
  labels: /^pods "[^"]*" is forbidden: violates PodSecurity "/,
  sekisho: /^admission webhook "pods\.sekisho\.dev" denied the request: Pod \S+: \d+ violations? of policy /,
};

export function verdictOf({ code, message }: ApiAnswer, judge: Judge): Verdict {
  if (code === 200 || code === 201) return 'allowed';
  return code === 403 && denials[judge].test(message) ? 'denied' : 'other';
}

const privileged: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'privileged' },
  spec: { containers: [{ name: 'app', image: 'example.com/app:1', securityContext: { privileged: true } }] },
};

/** Until it is ready for pods: a moment after it was created. */
export function waitUntilPodsAllowed(place: Place): Promise<true> {
  return waitForPrivileged('allowed', 'labels', place);
}

/** Until that judge is at work: it learns of its task a moment after it was given. */
export function waitUntilJudged(judge: Judge, place: Place): Promise<true> {
  return waitForPrivileged('denied', judge, place);
}

function waitForPrivileged(wanted: Verdict, judge: Judge, place: Place): Promise<true> {
  return waitFor(async () => (verdictOf(await createPod(privileged, place), judge) === wanted ? true : undefined), {
    withinMs: 20_000,
    what: `a privileged pod ${wanted} in ${place.namespace}`,
  });
}
