import { z } from 'zod';
import { SekishoError } from '../core/error.ts';
import { type Language, languages } from '../core/locale.ts';
import { modes } from '../core/policy/mode.ts';
import type { DocumentIssue } from '../core/policy/pod-policy.ts';
import { formatIssue, readConfiguration } from '../io/files/configuration-documents.ts';
import { duration } from './duration.ts';

const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of an object');

/** How the certificates of `certificates.mode: self` live. */
const certs = z
  .strictObject({
    caLifetime: duration.prefault('8760h'),
    leafLifetime: duration.prefault('168h'),
    /** How long a change of Secret or webhook configuration may take until every replica and API server has seen it. */
    propagation: duration.prefault('5m'),
    /** More names (DNS or IP) that leaves are good for, where the webhook is not called by its Service. */
    names: z.array(z.string().min(1).max(253)).max(16).default([]),
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
  /** One that ends later than that from now has no effect yet. */
  maxDuration: duration.prefault('2160h'),
});

/** The names of what the chart made in the cluster. */
const installation = z.strictObject({
  namespace: name,
  service: name,
  webhookConfiguration: name,
  /** The Secret of the CA; absent where the certificate comes from files (`certificates.mode: existing`). */
  caSecret: name.optional(),
  lease: name,
  canaryNamespace: name,
});

/** What holds for the whole installation; the file of `sekisho serve --config` and `sekisho controller --config`. */
const settingsSchema = z.strictObject({
  /** The ceiling: no policy is stricter. */
  maxMode: z.enum(modes).default('Enforce'),
  /** The language of messages, or both of them; the command line's where it says nothing. */
  language: z.enum(languages as [Language, ...Language[]]).optional(),
  /**
   * How long requests are still accepted after SIGTERM, while endpoints and proxies learn that this replica goes: 10 s
   * where it is absent, and with `--dev` not at all.
   */
  shutdownDelay: duration.optional(),
  exceptions: exceptions.prefault({}),
  certs: certs.prefault({}),
  installation: installation.optional(),
});

export type Settings = z.output<typeof settingsSchema>;
export type Installation = NonNullable<Settings['installation']>;

const sections: ReadonlyMap<unknown, z.ZodObject> = new Map<unknown, z.ZodObject>([
  ['certs', certs],
  ['exceptions', exceptions],
  ['installation', installation],
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
