import type { WatchedObject } from '../cluster/object-watch.ts';

/** The names of what the chart made for certificates. */
export interface CertificateObjects {
  readonly namespace: string;
  readonly caSecret: string;
  readonly webhookConfiguration: string;
}

export function secretOf({ namespace, caSecret }: CertificateObjects): WatchedObject {
  return { collection: `/api/v1/namespaces/${namespace}/secrets`, name: caSecret };
}

export function configurationOf({ webhookConfiguration }: CertificateObjects): WatchedObject {
  const collection = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  return { collection, name: webhookConfiguration };
}

export function pathOf({ collection, name }: WatchedObject): string {
  return `${collection}/${name}`;
}
