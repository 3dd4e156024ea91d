import { listAt, valueAt } from '../../core/pod/field-path.ts';
import { nameLabel } from '../../core/policy/namespace.ts';
import type { WebhookStatus } from '../../core/render/installation-status.ts';
import { type CustomResource, interceptionOf } from '../canaries/interception.ts';
import { parseBundle } from '../certificates/pem-bundle.ts';

/** What a live webhook configuration is held against. */
export interface WantedWebhook {
  readonly name: string;
  /** Stands for every namespace that is judged. */
  readonly canaryNamespace: string;
  readonly custom: readonly CustomResource[];
}

/** What a live configuration says of itself. */
export function describeWebhook(configuration: unknown, wanted: WantedWebhook): WebhookStatus {
  const { name, canaryNamespace, custom } = wanted;
  const entries = listAt(configuration, ['webhooks']);
  const certificate = trustedUntil(entries);
  return {
    configuration: name,
    entries: entries.map((entry) => ({
      name: String(valueAt(entry, ['name'])),
      failurePolicy: String(valueAt(entry, ['failurePolicy'])),
    })),
    paths: interceptionOf(configuration, canaryNamespace, custom).map((each) => {
      return each.state === 'covered' ? { path: each.path } : { path: each.path, open: each.reason };
    }),
    excluded: excludedBy(entries.find(seesPods)),
    ...(certificate !== undefined && { certificate }),
  };
}

function seesPods(entry: unknown): boolean {
  return listAt(entry, ['rules']).some((rule) => listAt(rule, ['resources']).includes('pods'));
}

/** Of the entry that is first without anybody to trust; each trusts as long as its last CA is valid. */
function trustedUntil(entries: readonly unknown[]): WebhookStatus['certificate'] {
  const lives = entries.map((entry) => {
    const bundle = valueAt(entry, ['clientConfig', 'caBundle']);
    const text = typeof bundle === 'string' ? Buffer.from(bundle, 'base64').toString() : '';
    const [longest] = parseBundle(text)
      .map(({ certificate }) => ({ from: certificate.validFromDate, until: certificate.validToDate }))
      .sort((a, b) => b.until.getTime() - a.until.getTime());
    return longest;
  });
  const [first] = lives.sort((a, b) => (a?.until.getTime() ?? 0) - (b?.until.getTime() ?? 0));
  return first && { notBefore: first.from.toISOString(), notAfter: first.until.toISOString() };
}

/** Names where they are excluded by name; else what a namespace must not be, as selectors are written. */
function excludedBy(entry: unknown): readonly string[] {
  const selector = valueAt(entry, ['namespaceSelector']);
  const labels = Object.entries(valueAt(selector, ['matchLabels']) ?? {});
  const expressions = listAt(selector, ['matchExpressions']).flatMap((expression) => {
    const [key, operator] = [String(valueAt(expression, ['key'])), String(valueAt(expression, ['operator']))];
    const values = listAt(expression, ['values']).map(String);
    if (key === nameLabel && operator === 'NotIn') return values;
    return [`!(${key} ${operator}${values.length === 0 ? '' : ` (${values.join(', ')})`})`];
  });
  return [...expressions, ...labels.map(([key, value]) => `!(${key}=${value})`)];
}
