import { dirname } from 'node:path';
import { runProgram } from '../drivers/program.ts';
import type { Pod } from './pod-twists.ts';
import { sekishoEnvironment, sekishoProgram } from './sekisho-program.ts';

/** The response of a review, as far as cases look at it. */
export interface ReviewAnswer {
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** A pod that is created in a namespace. */
export interface PodReview {
  readonly namespace: string;
  readonly pod: Pod;
}

export interface ReviewFiles {
  readonly policyFile: string;
  /** The namespaces, as the API server gives them. */
  readonly namespaceFile: string;
}

/** Has `sekisho review` answer them, in their order. */
export async function reviewPods(
  reviews: readonly PodReview[],
  { policyFile, namespaceFile }: ReviewFiles,
): Promise<readonly ReviewAnswer[]> {
  const args = ['review', '-p', policyFile, '--namespace-labels', namespaceFile];
  const stdin = reviews.map((review, index) => JSON.stringify(reviewOf(review, index))).join('\n');
  const { stdout, stderr, code } = await runProgram(sekishoProgram, args, {
    env: sekishoEnvironment(dirname(namespaceFile)),
    stdin,
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(`sekisho review: ${code} ${stderr}`);
  const lines = stdout.trimEnd().split('\n');
  if (lines.length !== reviews.length) throw new Error(`${lines.length} answers to ${reviews.length} reviews`);
  return lines.map((line) => (JSON.parse(line) as { readonly response: ReviewAnswer }).response);
}

function reviewOf({ namespace, pod }: PodReview, index: number): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `review-${index}`,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      name: pod.metadata.name,
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'administrator' },
      object: { ...pod, metadata: { ...pod.metadata, namespace } },
      oldObject: null,
      dryRun: true,
    },
  };
}
