import { z } from 'zod';
import { namespaces, objectNames } from './match.ts';
import { apiVersion, type DocumentIssue, objectName, ruleId, toDocumentIssues } from './pod-policy.ts';

/** A line that people read. */
const line = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$/u, 'must be one line of text');

/** What is excused: findings of these rules by this policy. Names that nobody bears are told in the status. */
const excused = z.strictObject({ name: objectName, rules: z.array(ruleId).min(1).max(64) });

/** To the letter, best by digest. A pattern would silently match nothing, until patterns of images exist. */
const image = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^*\s]+$/, 'must be an image as it stands in the container: there are no patterns');

/** Where: every condition that is given must hold. Only `images` by digest bind what runs; authors choose the rest. */
const exceptionMatch = z.strictObject({
  namespaces: namespaces.prefault({}),
  kinds: z
    .array(
      z
        .string()
        .max(63)
        .regex(/^[A-Z][A-Za-z0-9]*$/, 'must be a kind'),
    )
    .min(1)
    .max(32)
    .optional(),
  names: objectNames.optional(),
  containers: z.array(z.string().min(1).max(63)).min(1).max(64).optional(),
  images: z.array(image).min(1).max(64).optional(),
});

/** A moment as Kubernetes writes it, to the second, in UTC or with an offset. */
const moment = z.iso.datetime({ offset: true, error: 'must be a moment such as 2027-01-31T00:00:00Z' });

/** A dated, reasoned excuse: kind PodPolicyException, cluster-scoped, so that no tenant excuses itself. */
export const podPolicyExceptionSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('PodPolicyException'),
  metadata: z.looseObject({ name: objectName }),
  spec: z.strictObject({
    policies: z.array(excused).min(1).max(64),
    match: exceptionMatch,
    reason: line(1024),
    owner: line(253).optional(),
    ticket: line(1024).optional(),
    expiresAt: moment,
  }),
  status: z.unknown().optional(),
});

export type PodPolicyException = z.output<typeof podPolicyExceptionSchema>;

/** Reads one document strictly: an unknown field is an issue with its path. */
export function parsePodPolicyException(
  document: unknown,
): { exception: PodPolicyException } | { issues: readonly DocumentIssue[] } {
  const result = podPolicyExceptionSchema.safeParse(document);
  return result.success ? { exception: result.data } : { issues: result.error.issues.flatMap(toDocumentIssues) };
}
