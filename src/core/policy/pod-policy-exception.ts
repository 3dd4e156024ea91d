import { z } from 'zod';
import { namespaces, objectNames } from './match.ts';
import { apiVersion, type DocumentIssue, line, objectName, ruleId, toDocumentIssues } from './pod-policy.ts';

/** What is excused: findings of these rules by this policy. Names that nobody bears are told in the status. */
const excused = z.strictObject({
  name: objectName.describe('The name of the policy.'),
  rules: z.array(ruleId).min(1).max(64).describe('The rules of it that are excused.'),
});

const kindName = z
  .string()
  .max(63)
  .regex(/^[A-Z][A-Za-z0-9]*$/, 'must be a kind');

/** To the letter, best by digest. A pattern would silently match nothing, until patterns of images exist. */
const image = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^*\p{Z}\p{Cc}]+$/u, 'must be an image as it stands in the container: there are no patterns');

/** Where: every condition that is given must hold. Only `images` by digest bind what runs; authors choose the rest. */
const exceptionMatch = z.strictObject({
  namespaces: namespaces.prefault({}).describe('By name of the namespace; * stands for any characters.'),
  kinds: z.array(kindName).min(1).max(32).optional().describe('By kind of the object.'),
  names: objectNames.optional().describe('By name of the object; * stands for any characters.'),
  containers: z
    .array(z.string().min(1).max(63))
    .min(1)
    .max(64)
    .optional()
    .describe('By name of the container; findings that are in no container are then not covered.'),
  images: z
    .array(image)
    .min(1)
    .max(64)
    .optional()
    .describe('By image of the container; only an image with its digest binds what runs.'),
});

/** A moment as Kubernetes writes it, to the second, in UTC or with an offset. */
const moment = z.iso.datetime({ offset: true, error: 'must be a moment such as 2027-01-31T00:00:00Z' }).max(40);

/** A dated, reasoned excuse: kind PodPolicyException, cluster-scoped, so that no tenant excuses itself. */
export const podPolicyExceptionSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('PodPolicyException'),
  metadata: z.looseObject({ name: objectName }),
  spec: z
    .strictObject({
      policies: z.array(excused).min(1).max(64).describe('What is excused: rules of policies.'),
      match: exceptionMatch.describe('Where it is excused: every condition that is given must hold.'),
      reason: line(1024).describe('Why; kubectl get -o wide shows it.'),
      owner: line(253).optional().describe('Whom to ask.'),
      ticket: line(1024).optional().describe('Where it is tracked.'),
      expiresAt: moment.describe('When it ends, to the second, such as 2027-01-31T00:00:00Z.'),
    })
    .describe('What is excused, where, why and until when.'),
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
