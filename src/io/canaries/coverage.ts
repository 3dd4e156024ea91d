import { canaryWarning } from '../../core/admission/answer.ts';
import { messageOf } from '../../core/error.ts';
import type { CustomWorkload } from '../../core/pod/workload.ts';
import type { ClusterAnswer, ClusterClient } from '../cluster/client.ts';
import { readObject, webhookConfiguration } from '../cluster/object.ts';
import { reasonOf } from '../cluster/refusal.ts';
import { interceptionOf } from './interception.ts';
import { type Canary, canariesFor } from './manifests.ts';
import { mergeStates, type PathState } from './path-state.ts';

export interface CoverageOptions {
  readonly client: ClusterClient;
  readonly canaryNamespace: string;
  readonly webhookConfiguration: string;
  /** Kinds of the settings: no canary is submitted of what the cluster may not have, only the configuration is read. */
  readonly custom?: readonly CustomWorkload[];
}

/** Finds out for every path to a pod whether Sekisho is asked: by asking, and by reading the configuration. */
export async function findCoverage(options: CoverageOptions): Promise<readonly PathState[]> {
  const canaries = canariesFor(options.canaryNamespace);
  const [configured, ...submitted] = await Promise.all([
    readInterception(options),
    ...canaries.map((canary) => submit(options.client, canary)),
  ]);
  return mergeStates([...submitted, ...configured]);
}

async function readInterception(options: CoverageOptions): Promise<readonly PathState[]> {
  const { client, canaryNamespace, webhookConfiguration: name, custom } = options;
  const nothing = interceptionOf(undefined, canaryNamespace, custom);
  const all = (state: 'open' | 'unknown', reason: string): readonly PathState[] =>
    nothing.map(({ path }) => ({ path, state, reason }));
  try {
    const configuration = await readObject(client, webhookConfiguration(name));
    if (configuration === undefined) return all('open', `the webhook configuration ${name} does not exist`);
    return interceptionOf(configuration, canaryNamespace, custom);
  } catch (thrown) {
    return all('unknown', messageOf(thrown));
  }
}

async function submit(client: ClusterClient, { path, collection, objects }: Canary): Promise<PathState> {
  let state: PathState = { path, state: 'unknown', reason: 'nothing was submitted' };
  for (const body of objects) {
    try {
      const request = { method: 'POST', path: `${collection}?dryRun=All&fieldManager=sekisho-canary`, body } as const;
      const answer = await client.request(request);
      state = stateOf(path, answer);
      // Invalid to this API server, which has not come to asking webhooks: a plainer object may pass.
      if (answer.status !== 400 && answer.status !== 422) return state;
    } catch (thrown) {
      return { path, state: 'unknown', reason: messageOf(thrown) };
    }
  }
  return state;
}

/**
 * The namespace has a quota of no pods, which is looked at last of all, so "exceeded quota" is how a pod ends that has
 * passed every webhook; the warnings come with that refusal too.
 */
function stateOf(path: string, answer: ClusterAnswer): PathState {
  if (answer.warnings.some((warning) => canaryWarning.test(warning))) return { path, state: 'covered' };
  const reason = reasonOf(answer.body);
  const passed = answer.status < 300 || (answer.status === 403 && reason.includes('exceeded quota'));
  if (passed) return { path, state: 'open', reason: 'a canary was admitted without an answer of Sekisho' };
  const failed = answer.status === 500 && reason.includes('failed calling webhook');
  return { path, state: failed ? 'open' : 'unknown', reason: `${answer.status}: ${reason}` };
}
