import { z } from 'zod';
import { SekishoError } from '../core/error.ts';
import { type Language, languages } from '../core/locale.ts';
import { modes } from '../core/policy/mode.ts';
import type { DocumentIssue } from '../core/policy/pod-policy.ts';
import { formatIssue, readConfiguration } from '../io/files/configuration-documents.ts';
import { duration } from './duration.ts';
import { workloadKind, workloadKinds } from './workload-kinds.ts';

const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of an object');

/** How the certificates of `certificates.mode: self` live. */
const certs = z
  .strictObject({
    caLifetime: duration.prefault('8760h').describe('How long a CA lives; it is replaced when a third is left.'),
    leafLifetime: duration.prefault('168h').describe('How long the certificate of a replica lives.'),
    propagation: duration
      .prefault('5m')
      .describe(
        'How long a change of Secret or webhook configuration may take until every replica and API server has seen it.',
      ),
    names: z
      .array(z.string().min(1).max(253))
      .max(16)
      .default([])
      .describe(
        'More names (DNS or IP) that the certificates of replicas are good for, where the webhook is not called by its Service.',
      ),
  })
  // A leaf is renewed with a third of its life left: enough for a CA that replaces a lost one to become known.
  .refine(({ leafLifetime, propagation }) => leafLifetime >= Math.max(10_000, 3 * propagation), {
    path: ['leafLifetime'],
    message: 'must be at least 10s and three times certs.propagation',
  })
  // A CA is rotated with a third of its life left, and signs until the next one is known everywhere.
  .refine(({ caLifetime, leafLifetime, propagation }) => caLifetime >= 3 * (leafLifetime + 3 * propagation), {
    path: ['caLifetime'],
    message: 'must be at least three times (certs.leafLifetime + 3 × certs.propagation)',
  });

/** What holds for every PodPolicyException. */
const exceptions = z.strictObject({
  maxDuration: duration
    .prefault('2160h')
    .describe('An exception that ends later than that from now has no effect yet.'),
});

/** The names of what the chart made in the cluster. */
const installation = z.strictObject({
  namespace: name.describe('The namespace of Sekisho.'),
  service: name.describe('The Service of the webhook.'),
  webhookConfiguration: name.describe('The ValidatingWebhookConfiguration.'),
  webhookEntries: z
    .array(z.string().min(1).max(253))
    .min(1)
    .max(16)
    .default(['pods.sekisho.dev'])
    .describe('The names of its entries: one that is missing is alarmed.'),
  caSecret: name
    .optional()
    .describe('The Secret of the CA; absent where the certificate comes from files (certificates.mode: existing).'),
  lease: name.describe('The Lease by which one controller leads.'),
  canaryNamespace: name.describe('The namespace that canaries are submitted into.'),
});

/** What holds for the whole installation; the file of `sekisho serve --config` and `sekisho controller --config`. */
export const settingsSchema = z.strictObject({
  maxMode: z.enum(modes).default('Enforce').describe('The ceiling: no policy is stricter.'),
  language: z
    .enum(languages as [Language, ...Language[]])
    .optional()
    .describe("The language of messages, or both of them; absent: the command line's."),
  shutdownDelay: duration
    .optional()
    .describe(
      'How long requests are still accepted after SIGTERM, while endpoints and proxies learn that this replica goes; absent: 10s, and with --dev not at all.',
    ),
  exceptions: exceptions.prefault({}).describe('What holds for every PodPolicyException.'),
  certs: certs.prefault({}).describe('How certificates live that are made in the cluster (certificates.mode: self).'),
  workloadKinds: workloadKinds
    .default([])
    .describe('Custom kinds that become pods, and where in them the templates stand.'),
  installation: installation.optional().describe('The names of what the chart made; absent outside a cluster.'),
});

export type Settings = z.output<typeof settingsSchema>;
export type Installation = NonNullable<Settings['installation']>;

/** What stands below a key, for messages that say what there is. */
const sections: ReadonlyMap<unknown, z.ZodObject> = new Map<unknown, z.ZodObject>([
  ['certs', certs],
  ['exceptions', exceptions],
  ['installation', installation],
  ['workloadKinds', workloadKind],
]);

/** The settings of a file; all defaults without one. Throws naming file, line and field. */
export async function readSettings(file: string | undefined): Promise<Settings> {
  if (file === undefined) return settingsSchema.parse({});
  const [document, second] = await readConfiguration(file);
  if (document === undefined) return settingsSchema.parse({});
  if (second !== undefined) throw invalid(`${second.locate([])}: a settings file holds one document`);
  const result = settingsSchema.safeParse(document.value);
  if (result.success) return result.data;
  throw invalid(
    result.error.issues
      .flatMap(issuesOf)
      .map((issue) => formatIssue(document, issue))
      .join('\n'),
  );
}

function issuesOf(issue: z.core.$ZodIssue): readonly DocumentIssue[] {
  const path = issue.path.filter((segment) => typeof segment !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  const shape = sections.get(path[0])?.shape ?? settingsSchema.shape;
  const message = `is not a known setting; there are ${Object.keys(shape).join(', ')}`;
  return issue.keys.map((key) => ({ path: [...path, key], message }));
}

function invalid(message: string): SekishoError<'SettingsInvalid'> {
  return new SekishoError('SettingsInvalid', message);
}
