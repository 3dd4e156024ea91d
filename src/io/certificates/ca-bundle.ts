import { z } from 'zod';
import { SekishoError } from '../../core/error.ts';
import { formatBundle, parseAuthorities } from './pem-bundle.ts';

/** An entry added by another version of the chart is called with our certificate too. */
const ourDomain = '.sekisho.dev';

/** A webhook of the configuration that is ours. */
export interface WebhookEntry {
  readonly index: number;
  readonly name: string;
  /** Whom the API server trusts there, as base64. */
  readonly caBundle: string;
  /** What of it can be read. */
  readonly certificates: readonly string[];
}

/** The live configuration, as far as certificates concern it. */
export interface WebhookState {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Counted by the API server, one for each change of the webhooks. */
  readonly generation: number;
  readonly entries: readonly WebhookEntry[];
}

/** A step of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: 'test' | 'add';
  readonly path: string;
  readonly value: string;
}

const configurationShape = z.looseObject({
  metadata: z.looseObject({ uid: z.string(), resourceVersion: z.string().min(1), generation: z.number() }),
  webhooks: z
    .array(z.looseObject({ name: z.string(), clientConfig: z.looseObject({ caBundle: z.string().nullish() }) }))
    .nullish(),
});

/** Throws for what no API server sends. */
export function parseWebhookState(object: unknown): WebhookState {
  const { data } = configurationShape.safeParse(object);
  if (data === undefined) throw new SekishoError('ClusterRefused', 'the webhook configuration cannot be read');
  const entries = (data.webhooks ?? []).flatMap(({ name, clientConfig }, index): readonly WebhookEntry[] => {
    if (!name.endsWith(ourDomain)) return [];
    const caBundle = clientConfig.caBundle ?? '';
    const certificates = parseAuthorities(Buffer.from(caBundle, 'base64').toString('utf8'));
    return [{ index, name, caBundle, certificates }];
  });
  const { uid, resourceVersion, generation } = data.metadata;
  return { uid, resourceVersion, generation, entries };
}

/** Those of the expected entries that are not there; all of them where there is no configuration. */
export function missingEntries(state: WebhookState | undefined, expected: readonly string[]): readonly string[] {
  const names = new Set(state?.entries.map(({ name }) => name));
  return expected.filter((name) => !names.has(name));
}

export function encodeBundle(bundle: readonly string[]): string {
  return Buffer.from(formatBundle(bundle)).toString('base64');
}

/**
 * The patch that makes every entry trust the bundle. It touches nothing else, and does nothing unless the configuration
 * is still the one that was read: a controller that lost its lease and woke up late must not undo what its successor did.
 */
export function bundlePatch({ resourceVersion, entries }: WebhookState, bundle: readonly string[]): PatchOperation[] {
  if (bundle.length === 0) throw new Error('an empty bundle would make every call fail');
  const value = encodeBundle(bundle);
  const wrong = entries.filter(({ caBundle }) => caBundle !== value);
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    ...wrong.flatMap(({ index, name }): readonly PatchOperation[] => [
      { op: 'test', path: `/webhooks/${index}/name`, value: name },
      { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value },
    ]),
  ];
}
