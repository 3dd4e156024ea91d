import type { ApiClient } from './api-client.ts';
import { inParallel } from './in-parallel.ts';
import { createPod } from './pod-requests.ts';
import type { Pod } from './pod-twists.ts';
import { randomPod } from './random-pods.ts';
import { readReferencePods } from './reference-pods.ts';

export interface Wanted {
  readonly seed: number;
  /** At least so many: the reference pods, and random ones until it is reached. */
  readonly pods: number;
}

/** A namespace where nobody judges. */
interface Unjudged {
  readonly namespace: string;
  readonly client: ApiClient;
}

/** Pods that the API server accepts where nobody judges: it validates before it admits, and only such can tell. */
export async function acceptedPods({ seed, pods: wanted }: Wanted, place: Unjudged): Promise<readonly Pod[]> {
  const references = readReferencePods();
  const ofReferences = await accepted(references ?? [], place);
  const pods = [...ofReferences];
  let tried = 0;
  while (pods.length < wanted) {
    const batch = Array.from({ length: wanted - pods.length }, (_, index) => randomPod(seed, tried + index));
    tried += batch.length;
    pods.push(...(await accepted(batch, place)));
  }
  const of = (count: number, all: number, kind: string): string => `${count} of ${all} ${kind} pods`;
  const reference =
    references === undefined
      ? 'no reference pods (../shared/conformance is absent)'
      : of(ofReferences.length, references.length, 'reference');
  const random = of(pods.length - ofReferences.length, tried, 'random');
  console.log(`seed ${seed}: the API server accepts ${reference} and ${random}: ${pods.length} in all`);
  return pods;
}

async function accepted(pods: readonly Pod[], place: Unjudged): Promise<readonly Pod[]> {
  const answers = await inParallel(pods, 20, (pod) => createPod(pod, place));
  // Invalid, or refused by another admission plugin: that says nothing of a pod. Anything else is no answer.
  const strange = answers.find(({ code }) => ![201, 400, 403, 422].includes(code));
  if (strange !== undefined) throw new Error(`HTTP ${strange.code} for a pod in a dry run: ${strange.message}`);
  return pods.filter((_, index) => answers[index]?.code === 201);
}
