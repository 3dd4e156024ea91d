import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateObjects } from '../../src/io/certificates/objects.ts';
import { parseBundle } from '../../src/io/certificates/pem-bundle.ts';
import type { CertificateTimes } from '../../src/io/certificates/rotation.ts';
import { sharedCluster } from './case.ts';
import { kubectl, kubectlOutput } from './kubectl.ts';
import type { Manifests } from './manifests.ts';
import { createNamespace } from './namespace.ts';
import { registerWebhook } from './webhook-configuration.ts';

/** The objects that the chart makes for certificates, in a namespace of their own, without the chart. */
export interface Installation {
  readonly objects: CertificateObjects;
  /** For `sekisho serve --config`. */
  readonly config: string;
  /** The Secret's fields, decoded, and its annotations. */
  secret(): Promise<{ readonly data: Readonly<Record<string, string>>; readonly phase: string | undefined }>;
  /** Whom the API server trusts: subjects of the certificates, by entry. Undefined where there is no configuration. */
  trusted(): Promise<readonly (readonly string[])[] | undefined>;
  /** `kubectl patch` of the configuration by JSON patch. */
  patchConfiguration(operations: readonly object[]): Promise<void>;
  rotate(): Promise<void>;
}

export interface InstallationOptions {
  readonly manifests: Manifests;
  /** Whose pods are judged. */
  readonly selected: string;
  readonly port: number;
  readonly times: CertificateTimes;
}

interface Configuration {
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

export async function install({ manifests, selected, port, times }: InstallationOptions): Promise<Installation> {
  const namespace = await createNamespace();
  const secretText = manifests.object('Secret/sekisho-ca');
  await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: secretText });
  const webhook = JSON.parse(manifests.object('ValidatingWebhookConfiguration/sekisho-rotation'));
  webhook.metadata.name = `sekisho-${namespace}`;
  for (const { clientConfig } of webhook.webhooks) clientConfig.url = `https://127.0.0.1:${port}/validate`;
  webhook.webhooks[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name'] = selected;
  const { name: webhookConfiguration } = await registerWebhook(JSON.stringify(webhook));
  const objects = { namespace, caSecret: 'sekisho-ca', webhookConfiguration, webhookEntries: ['pods.sekisho.dev'] };
  const config = join(sharedCluster().folder, `${namespace}.yaml`);
  await writeFile(config, JSON.stringify(settingsOf(objects, times)));
  return {
    objects,
    config,
    async secret() {
      const text = await kubectlOutput(['-n', namespace, 'get', 'secret', 'sekisho-ca', '-o', 'json']);
      const { data = {}, metadata } = JSON.parse(text) as SecretObject;
      const decoded = Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]);
      return { data: Object.fromEntries(decoded), phase: metadata.annotations?.['sekisho.dev/ca-phase'] };
    },
    async trusted() {
      const { code, stdout } = await kubectl([
        'get',
        'validatingwebhookconfiguration',
        webhookConfiguration,
        '-o',
        'json',
      ]);
      if (code !== 0) return undefined;
      const { webhooks = [] } = JSON.parse(stdout) as Configuration;
      return webhooks.map(({ clientConfig }) =>
        subjectsOf(Buffer.from(clientConfig.caBundle ?? '', 'base64').toString()),
      );
    },
    async patchConfiguration(operations) {
      const patch = ['--type=json', '-p', JSON.stringify(operations)];
      await kubectlOutput(['patch', 'validatingwebhookconfiguration', webhookConfiguration, ...patch]);
    },
    async rotate() {
      await kubectlOutput(['-n', namespace, 'annotate', 'secret', 'sekisho-ca', 'sekisho.dev/rotate=now']);
    },
  };
}

interface SecretObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

export function subjectsOf(bundle: string): readonly string[] {
  return parseBundle(bundle).map(({ certificate }) => certificate.subject);
}

function settingsOf(
  { namespace, caSecret, webhookConfiguration, webhookEntries }: CertificateObjects,
  times: CertificateTimes,
): object {
  const milliseconds = (time: number): string => `${time}ms`;
  const { caLifetime, leafLifetime, propagation } = times;
  return {
    maxMode: 'Enforce',
    certs: {
      caLifetime: milliseconds(caLifetime),
      leafLifetime: milliseconds(leafLifetime),
      propagation: milliseconds(propagation),
      names: ['127.0.0.1'],
    },
    installation: {
      namespace,
      service: 'sekisho',
      webhookConfiguration,
      webhookEntries,
      caSecret,
      lease: 'sekisho-controller',
      canaryNamespace: 'sekisho-canary',
    },
  };
}
